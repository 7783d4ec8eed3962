"""A dangerous answer becomes one incident, and later ones join it."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from audit.actions import Actor
from audit.models import Event
from core import clock
from core.crypto import UnreadableValue
from core.models import Membership
from escalation import policy, selectors, services
from escalation.models import Incident, Ladder, Page, Shift
from escalation.selectors.past import opened_since


def staff(user):
    return {"user": user, "actor": Actor.staff(user.id)}


def spoil(incident):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE escalation_incident SET snapshot = 'v1.k1.AAAA' WHERE id = %s", [incident.pk])


def test_an_alarm_opens_an_incident_and_pages_the_first_step_at_once(alarm, paged, recorded):
    incident = alarm()
    assert incident.state == Incident.State.NOTIFYING
    assert timedelta(seconds=295) < incident.due_at - clock.now() <= timedelta(seconds=300)
    assert paged() == ["Casey"]
    assert Page.objects.get().due_at <= clock.now()
    assert recorded("incident.opened") == recorded("incident.step") == 1
    assert list(incident.history.order_by("history_id").values_list("state", flat=True)) == ["open", "notifying"]


def test_the_code_is_eight_characters_that_cannot_be_misread(alarm):
    codes = {alarm(packet=uuid.uuid4()).code for _ in range(20)}
    assert len(codes) == 20
    assert all(len(code) == 8 and not set(code) & set("01ILOU") and code.isupper() for code in codes)


def test_the_same_trigger_twice_changes_nothing(alarm, recorded):
    first = alarm()
    again = alarm()
    assert again.pk == first.pk
    assert Page.objects.count() == recorded("incident.step") == 1
    assert recorded("incident.joined") == 0
    assert len(selectors.triggers(again)) == 1


def test_another_trigger_of_the_packet_joins_and_keeps_the_clock(alarm, recorded):
    first = alarm(urgency="high")
    joined = alarm(key="phq9:item9:3", urgency="critical", because="now every day")
    assert joined.pk == first.pk
    assert joined.due_at == first.due_at
    assert joined.urgency == "critical"
    assert [one.detail["because"] for one in selectors.triggers(joined)] == ["canary-because", "now every day"]
    assert Page.objects.count() == recorded("incident.joined") == 1


def test_a_lesser_trigger_never_lowers_the_urgency(alarm):
    alarm()
    assert alarm(key="gad7:total", urgency="medium").urgency == "critical"


def test_a_trigger_after_an_acknowledgement_joins_visibly_and_keeps_the_deadline(alarm, world):
    incident = alarm()
    services.acknowledge(incident_id=incident.pk, **staff(world.clinician))
    deadline = Incident.objects.get(pk=incident.pk).due_at
    joined = alarm(key="cssrs:high")
    assert (joined.pk, joined.state, joined.due_at) == (incident.pk, Incident.State.ACKNOWLEDGED, deadline)
    assert [one.after_acknowledgement for one in selectors.triggers(joined)] == [False, True]
    (row,) = selectors.inbox([world.clinic.id])
    assert row.new_since_taken == 1


def test_a_resolved_trigger_stays_resolved_but_a_new_one_opens_a_new_incident(alarm, world):
    first = alarm()
    services.resolve(incident_id=first.pk, kind="reached_safe", note="Spoke with her.", **staff(world.clinician))
    assert alarm().pk == first.pk
    second = alarm(key="phq9:item9:3")
    assert second.pk != first.pk
    assert second.state == Incident.State.NOTIFYING
    assert alarm().pk == first.pk


def test_a_resolved_incident_whose_snapshot_does_not_open_never_hides_a_trigger(alarm, world):
    first = alarm()
    services.resolve(incident_id=first.pk, kind="reached_safe", note="She is safe.", **staff(world.clinician))
    spoil(first)
    assert alarm().pk != first.pk


def test_what_cannot_be_opened_keeps_neither_the_outcome_nor_other_incidents_from_being_told(alarm, world):
    first = alarm()
    services.resolve(incident_id=first.pk, kind="reached_safe", note="She is safe.", **staff(world.clinician))
    spoil(first)
    second = alarm()
    told = opened_since(world.patient.id, first.opened_at)
    assert [one.code for one in told] == [second.code, first.code]
    assert told[0].because and told[0].signed is None
    assert (told[1].because, told[1].signed.what) == ((), "Reached; safe for now")
    assert told[1].signed.signed_as == "Casey Clinician, LCSW"
    assert opened_since(world.patient.id, second.opened_at + timedelta(seconds=1)) == ()


def test_a_trigger_that_cannot_be_written_down_is_said_and_not_swallowed(alarm):
    spoil(alarm())
    with pytest.raises(UnreadableValue), transaction.atomic():
        alarm(key="another")


def test_a_code_is_never_given_twice(alarm, monkeypatch):
    monkeypatch.setattr("escalation.services.opening.CODE_ALPHABET", "2")
    assert alarm().code == "22222222"
    with pytest.raises(RuntimeError, match="could not be opened"), transaction.atomic():
        alarm(packet=uuid.uuid4())


def test_two_packets_are_two_incidents(alarm):
    assert alarm().pk != alarm(packet=uuid.uuid4()).pk


def test_a_time_in_the_trigger_is_stored_as_text(alarm):
    incident = alarm(at=datetime(2026, 11, 22, 3, 0, tzinfo=UTC))
    assert selectors.triggers(incident)[0].detail["at"] == "2026-11-22T03:00:00Z"


def test_the_ladder_is_frozen_when_it_opens(alarm, world, pass_time, paged):
    incident = alarm()
    Ladder.objects.update(steps=[{"name": "Other", "level": "on_call", "wait_seconds": 1}])
    pass_time(301)
    services.advance_due()
    assert paged() == ["Casey", "Blake"]
    assert [step["level"] for step in Incident.objects.get(pk=incident.pk).ladder] == ["on_call", "backup"]


@pytest.mark.parametrize("steps", [None, [], [{"name": "x", "level": "moon", "wait_seconds": 9}], "garbage"])
def test_a_clinic_without_a_usable_ladder_gets_the_built_in_one(alarm, steps, paged):
    Ladder.objects.all().delete() if steps is None else Ladder.objects.update(steps=steps)
    assert policy.parsed(alarm().ladder) == policy.DEFAULT_LADDER
    assert paged() == ["Casey"]


def test_with_nobody_on_duty_everyone_who_may_answer_is_told_and_nobody_else(alarm, paged):
    Shift.objects.all().delete()
    alarm()
    assert paged() == ["Blake", "Casey", "Sam"]


@pytest.mark.parametrize("gone", ["inactive user", "inactive membership", "front desk now"])
def test_a_shift_of_somebody_who_has_left_is_a_gap(alarm, world, gone, paged):
    if gone == "inactive user":
        world.clinician.is_active = False
        world.clinician.save()
    else:
        change = {"is_active": False} if gone == "inactive membership" else {"role": "front_desk"}
        Membership.objects.filter(user=world.clinician).update(**change)
    alarm()
    assert paged() == ["Blake"]


def test_a_clinic_with_nobody_at_all_still_has_an_incident_that_stays_due(alarm, world, pass_time, caplog):
    Membership.objects.filter(clinic=world.clinic).update(is_active=False)
    incident = alarm()
    assert "nobody who may answer" in caplog.text
    assert incident.due_at is not None
    Membership.objects.filter(user=world.supervisor).update(is_active=True)
    pass_time(301)
    services.advance_due()
    assert Page.objects.get().user == world.supervisor


def test_what_triggered_it_is_in_no_column_and_no_event_in_the_clear(alarm, owner_sql):
    alarm(key="phq9:canary-key")
    rows = [str(row) for row in Incident.objects.values_list("code", "urgency", "ladder", "state")]
    stored = " ".join(rows + [one.context + one.object_id for one in Event.objects.all()])
    assert "canary" not in stored
    assert "suicide" not in stored


def test_an_incident_that_cannot_be_stored_raises_and_leaves_nothing(alarm):
    with pytest.raises(IntegrityError), transaction.atomic():
        alarm(site_id=uuid.uuid4())
        transaction.get_connection().check_constraints()
    assert not Incident.objects.exists()


def test_the_database_refuses_an_unresolved_incident_without_a_due_time(alarm):
    incident = alarm()
    for change in (
        {"due_at": None},
        {"state": "resolved"},
        {"state": "acknowledged", "due_at": None},
        {"resolved_at": clock.now()},
    ):
        with pytest.raises(IntegrityError, match="an_unresolved_incident_has_a_due_time"), transaction.atomic():
            Incident.objects.filter(pk=incident.pk).update(**change)


def test_the_database_refuses_a_second_unresolved_incident_of_a_packet(alarm):
    incident = alarm()
    incident.pk, incident.code = uuid.uuid4(), "OTHERCODE"[:8]
    with pytest.raises(IntegrityError, match="one_unresolved_incident_per_packet"), transaction.atomic():
        incident.save(force_insert=True)


@pytest.mark.parametrize("state", ["pending", "retry"])
def test_the_database_refuses_a_waiting_page_without_a_due_time(alarm, state):
    alarm()
    with pytest.raises(IntegrityError, match="a_waiting_page_has_a_due_time"), transaction.atomic():
        Page.objects.update(state=state, due_at=None)
    with pytest.raises(IntegrityError, match="a_claimed_page_has_a_lease"), transaction.atomic():
        Page.objects.update(state="claimed", lease_until=None)
