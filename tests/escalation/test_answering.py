"""Somebody takes it; somebody says what was done."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from audit.actions import Actor
from core import clock
from escalation import services
from escalation.models import Acknowledgement, ContactAttempt, Incident, Outcome


def staff(user):
    return {"user": user, "actor": Actor.staff(user.id)}


def test_the_first_to_acknowledge_wins_and_sets_the_outcomes_deadline(alarm, world, settings, recorded):
    settings.OUTCOME_DEADLINE_MINUTES = 45
    incident = alarm()
    taken = services.acknowledge(incident_id=incident.pk, **staff(world.clinician))
    assert taken.first
    assert taken.by == world.clinician
    incident.refresh_from_db()
    assert incident.state == Incident.State.ACKNOWLEDGED
    assert incident.due_at == taken.at + timedelta(minutes=45)
    assert Acknowledgement.objects.get().outcome_due_at == incident.due_at
    assert recorded("incident.acknowledged") == 1


def test_later_ones_are_told_who_was_first(alarm, world, recorded):
    incident = alarm()
    first = services.acknowledge(incident_id=incident.pk, **staff(world.clinician))
    for user in (world.backup, world.clinician):
        later = services.acknowledge(incident_id=incident.pk, **staff(user))
        assert (later.first, later.by, later.at) == (False, world.clinician, first.at)
    assert recorded("incident.acknowledged") == 1


def test_after_the_outcome_an_acknowledgement_still_says_who_took_it(alarm, world):
    incident = alarm()
    services.resolve(incident_id=incident.pk, kind="reached_safe", note="She is safe.", **staff(world.clinician))
    assert services.acknowledge(incident_id=incident.pk, **staff(world.backup)).by == world.clinician


def test_somebody_who_was_not_paged_may_acknowledge(alarm, world):
    assert services.acknowledge(incident_id=alarm().pk, **staff(world.supervisor)).first


def test_an_unknown_incident_is_not_acknowledged(world):
    with pytest.raises(Incident.DoesNotExist):
        services.acknowledge(incident_id=world.clinic.id, **staff(world.clinician))


def test_an_outcome_closes_the_incident_signed_with_credentials(alarm, world, recorded):
    incident = alarm()
    services.acknowledge(incident_id=incident.pk, **staff(world.clinician))
    outcome = services.resolve(
        incident_id=incident.pk, kind="safety_plan", note=" Called; plan made. ", **staff(world.clinician)
    )
    incident.refresh_from_db()
    assert (incident.state, incident.due_at) == (Incident.State.RESOLVED, None)
    assert timedelta(0) <= clock.now() - incident.resolved_at < timedelta(seconds=30)
    assert (outcome.signed_as, outcome.note) == ("Casey Clinician, LCSW", "Called; plan made.")
    assert recorded("incident.resolved") == 1


def test_whoever_documents_an_incident_that_nobody_took_takes_it(alarm, world):
    incident = alarm()
    services.resolve(incident_id=incident.pk, kind="reached_safe", note="She is safe.", **staff(world.backup))
    assert Acknowledgement.objects.get().user == world.backup


def test_a_colleague_may_document_what_another_took(alarm, world):
    incident = alarm()
    services.acknowledge(incident_id=incident.pk, **staff(world.clinician))
    services.resolve(incident_id=incident.pk, kind="emergency_services", note="911 called.", **staff(world.supervisor))
    assert Outcome.objects.get().user == world.supervisor
    assert Acknowledgement.objects.get().user == world.clinician


@pytest.mark.parametrize("note", ["", "  \n\t "])
def test_an_outcome_without_words_is_refused(alarm, world, note):
    incident = alarm()
    with pytest.raises(services.NeedsNote):
        services.resolve(incident_id=incident.pk, kind="reached_safe", note=note, **staff(world.clinician))
    incident.refresh_from_db()
    assert incident.state == Incident.State.NOTIFYING


@pytest.mark.parametrize("kind", ["", "closed", "unable_to_reach"])
def test_an_outcome_that_does_not_close_is_refused(alarm, world, kind):
    incident = alarm()
    with pytest.raises(services.UnknownOutcome):
        services.resolve(incident_id=incident.pk, kind=kind, note="x", **staff(world.clinician))


def test_an_incident_is_documented_once(alarm, world):
    incident = alarm()
    services.resolve(incident_id=incident.pk, kind="reached_safe", note="She is safe.", **staff(world.clinician))
    with pytest.raises(services.AlreadyResolved):
        services.resolve(incident_id=incident.pk, kind="not_a_risk", note="Once again.", **staff(world.backup))
    assert Outcome.objects.get().kind == "reached_safe"


def ahead(minutes):
    return clock.now() + timedelta(minutes=minutes)


def try_in_vain(incident, user, minutes=10, note=" No answer, left no message. "):
    return services.not_reached(incident_id=incident.pk, note=note, next_attempt_at=ahead(minutes), **staff(user))


def test_an_attempt_in_vain_is_signed_closes_nothing_and_paging_resumes_at_the_next_attempt(
    alarm, world, pass_time, recorded, paged
):
    incident = alarm()
    services.acknowledge(incident_id=incident.pk, **staff(world.clinician))
    attempt = try_in_vain(incident, world.clinician)
    incident.refresh_from_db()
    assert (incident.state, incident.due_at) == (Incident.State.ACKNOWLEDGED, attempt.next_attempt_at)
    assert (attempt.note, attempt.signed_as) == ("No answer, left no message.", "Casey Clinician, LCSW")
    assert recorded("incident.not_reached") == 1
    pass_time(9 * 60)
    assert services.advance_due() == 0
    pass_time(61)
    assert services.advance_due() == 1
    assert Incident.objects.get().state == Incident.State.NOTIFYING
    assert paged() == ["Casey", "Blake"]


def test_an_attempt_takes_what_nobody_has_taken_and_a_later_acknowledgement_takes_it_from_nobody(alarm, world):
    incident = alarm()
    try_in_vain(incident, world.backup)
    later = services.acknowledge(incident_id=incident.pk, **staff(world.clinician))
    assert (later.first, later.by) == (False, world.backup)
    assert Acknowledgement.objects.count() == 1


def test_an_outcome_after_attempts_closes_it(alarm, world):
    incident = alarm()
    for _ in range(2):
        try_in_vain(incident, world.clinician)
    services.resolve(incident_id=incident.pk, kind="welfare_check", note="Police asked.", **staff(world.clinician))
    assert Incident.objects.get().state == Incident.State.RESOLVED
    with pytest.raises(services.AlreadyResolved):
        try_in_vain(incident, world.clinician)


@pytest.mark.parametrize("minutes", [-1, 46, 10**6])
def test_the_next_attempt_is_later_and_no_later_than_an_outcome_would_be_due(alarm, world, settings, minutes):
    settings.OUTCOME_DEADLINE_MINUTES = 45
    with pytest.raises(services.BadNextAttempt):
        try_in_vain(alarm(), world.clinician, minutes)
    assert (Incident.objects.get().state, ContactAttempt.objects.count()) == ("notifying", 0)


def test_an_attempt_without_words_or_by_a_stranger_is_refused(alarm, world):
    incident = alarm()
    with pytest.raises(services.NeedsNote):
        try_in_vain(incident, world.clinician, note=" \n ")
    with pytest.raises(PermissionDenied):
        try_in_vain(incident, world.stranger)
    assert Incident.objects.get().state == Incident.State.NOTIFYING
