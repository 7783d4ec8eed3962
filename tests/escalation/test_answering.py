"""Somebody takes it; somebody says what was done."""

from datetime import timedelta

import pytest

from audit.actions import Actor
from core import clock
from escalation import services
from escalation.models import Acknowledgement, Incident, Outcome


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
    services.resolve(incident_id=incident.pk, kind="reached_safe", note="Safe.", **staff(world.clinician))
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
    services.resolve(incident_id=incident.pk, kind="reached_safe", note="Safe.", **staff(world.backup))
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
    services.resolve(incident_id=incident.pk, kind="reached_safe", note="Safe.", **staff(world.clinician))
    with pytest.raises(services.AlreadyResolved):
        services.resolve(incident_id=incident.pk, kind="not_a_risk", note="Again.", **staff(world.backup))
    assert Outcome.objects.get().kind == "reached_safe"
