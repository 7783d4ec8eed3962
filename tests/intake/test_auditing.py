"""The auditor asks anew, from the stored rows: each thing that can be wrong is planted, found, told, and gone again."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import F
from packets import NOT_AT_ALL, SEVERAL, answer, invite, publish
from patient_pages import autosave, opened
from personas import prove

import escalation.services
from core import clock
from core.channels.base import ChannelError
from core.channels.memory import MemoryChannel
from escalation.models import Alarm, Incident, Page, Round, Shift
from escalation.policy.watch import Seen, wrong_with
from intake.models import Overruled, Response
from intake.services import auditing

EVERY_DUTY = ("on_call", "backup")


def prologue(world):
    """Somebody proved is on duty at each level of the ladder, and a canary arrived just now."""
    prove(world.clinic, world.clinician, world.backup)
    for user, level in zip((world.clinician, world.backup), EVERY_DUTY, strict=True):
        Shift.objects.create(clinic=world.clinic, user=user, level=level, starts_at=clock.now() - timedelta(days=1))
        Shift.objects.create(
            clinic=world.other_clinic, user=world.stranger, level=level, starts_at=clock.now() - timedelta(days=1)
        )
    prove(world.other_clinic, world.stranger)
    escalation.services.send_canary()
    escalation.services.deliver_due(channels=lambda _name: MemoryChannel())
    publish(world)


@pytest.fixture
def well(world):
    return world


@pytest.fixture
def told(settings):
    settings.OPERATOR_EMAIL = "operator@clinic.test"
    return MemoryChannel()


@pytest.fixture
def look(told):
    """One more round of the auditor, as if its minute had come; what lasts now."""

    def again() -> set[str]:
        Round.objects.filter(name="audit").update(due_at=clock.now())
        auditing.audit_paging(channels=lambda _name: told)
        return set(Alarm.objects.filter(ended_at=None).values_list("code", flat=True))

    return again


@pytest.fixture
def danger(well):
    """Item nine above zero, saved and paged a while ago; the page went out."""
    packet = invite(well).packet
    answer(packet, "phq-9", {"phq9-q9": [SEVERAL]})
    escalation.services.deliver_due(channels=lambda _name: MemoryChannel())
    Response.objects.update(saved_at=F("saved_at") - timedelta(minutes=5))
    return Incident.objects.get()


def forget(incident: Incident) -> None:
    """As if a bug had opened nothing: the packet's only incident is about something else."""
    incident.snapshot = {
        "triggers": [{"code": "other", "because": "", "key": "k", "added_at": clock.now().isoformat()}]
    }
    incident.save()


def test_while_all_is_well_nothing_is_found_and_each_answer_is_looked_at_once(danger, look, told):
    assert look() == set()
    assert not told.sent
    response = Response.objects.get()
    assert response.audited_revision == response.revision
    assert Round.objects.get(name="audit").ended_at


def test_a_danger_that_nobody_was_paged_for_is_found_told_and_then_paged(danger, look, told):
    forget(danger)
    assert look() == {"risk-without-incident"}
    (message,) = told.sent
    assert message.to == "operator@clinic.test" and "risk-without-incident" in message.body
    assert str(danger.source_ref) not in message.body and danger.code not in message.body
    assert [one["code"] for one in Incident.objects.get().snapshot["triggers"]][1:] == ["suicide-item-positive"]
    assert look() == set()
    alarm = Alarm.objects.get()
    assert alarm.ended_at and alarm.told_at and alarm.history.count() == 3


def test_answers_however_old_are_looked_at(danger, look):
    forget(danger)
    Response.objects.update(saved_at=F("saved_at") - timedelta(days=400))
    assert look() == {"risk-without-incident"}


def test_answers_that_can_not_be_scored_are_found_and_paged_to_be_read(danger, look):
    packet = danger.source_ref
    forget(danger)
    wrong = {"valueCoding": {"system": auditing.LOINC, "code": "no such"}}
    Response.objects.update(answers=[{"linkId": "phq9-q9", "answer": [wrong]}])
    Response.objects.update(revision=F("revision") + 1)
    assert look() == {"unread-answers"}
    assert Incident.objects.get(source_ref=packet).snapshot["triggers"][-1]["code"] == "could-not-be-scored"


def test_what_the_story_pages_for_is_what_the_auditor_expects(well, look):
    """Each road that pages: an instrument's item, plain crisis words, a danger question of our own."""
    packet = invite(well).packet
    answer(packet, "phq-9", {"phq9-q9": [SEVERAL]})
    answer(packet, "safety", {"safe-harm-others": ["LA33-6"]})
    answer(packet, "presenting-concerns", {"con-reason": ["I want to kill myself."]})
    assert len(Incident.objects.get().snapshot["triggers"]) >= 3
    Response.objects.update(saved_at=F("saved_at") - timedelta(minutes=5))
    for response in Response.objects.all():
        assert auditing._untold_in(response) == []
        assert list(auditing._dangers(response, response.answers, response.saved_at))
    Incident.objects.update(source_ref=UUID(int=0))
    assert len(auditing.find_untold()) >= 3


def test_a_danger_said_again_after_its_incident_was_closed_and_told_to_nobody_is_found(well, look, monkeypatch):
    """As if a bug had opened nothing for it: the newer incident is about something else."""
    packet = invite(well).packet
    answer(packet, "phq-9", {"phq9-q9": [SEVERAL]})
    first = Incident.objects.get()
    answer(packet, "phq-9", {"phq9-q9": [NOT_AT_ALL]})
    first.state, first.due_at, first.resolved_at = "resolved", None, clock.now()
    first.save()
    answer(packet, "phq-9", {"phq9-q9": [SEVERAL]})
    newer = Incident.objects.exclude(pk=first.pk).get()
    forget(newer)
    monkeypatch.setattr(auditing, "GRACE", timedelta(0))
    assert look() == {"risk-without-incident"}
    newer.refresh_from_db()
    assert newer.snapshot["triggers"][-1]["code"] == "suicide-item-positive"
    assert look() == set()


def test_a_danger_that_stood_when_its_incident_was_closed_is_not_told_again(danger, look, monkeypatch):
    danger.state, danger.due_at, danger.resolved_at = "resolved", None, clock.now()
    danger.save()
    packet = Response.objects.get().packet
    answer(packet, "phq-9", {"phq9-q1": [SEVERAL]})
    monkeypatch.setattr(auditing, "GRACE", timedelta(0))
    assert look() == set()


# --- two screens that disagree: what gave way is a row, and is derived anew ---


@pytest.fixture
def disagreed(well, monkeypatch):
    """One screen said that there is no such thought, another one that there is; only the first was stored."""
    invitation = invite(well)
    phone, tablet = opened(invitation), opened(invitation)
    for one in (phone, tablet):
        one.go("/i/packet/phq-9/")
    autosave(phone, "phq-9", {"phq9-q9": [NOT_AT_ALL]})
    assert autosave(tablet, "phq-9", {"phq9-q9": [SEVERAL]}).status_code == 409
    escalation.services.deliver_due(channels=lambda _name: MemoryChannel())
    monkeypatch.setattr(auditing, "GRACE", timedelta(0))
    return Incident.objects.get()


def test_a_conflict_that_a_human_was_told_of_is_looked_at_once(disagreed, look):
    row = Overruled.objects.get()
    assert row.answers != row.response.answers
    assert [SEVERAL in one for one in (str(row.answers), str(row.response.answers))] == [True, False]
    assert look() == set()
    assert Overruled.objects.get().audited_at


def test_a_danger_on_the_screen_that_gave_way_and_nobody_paged_for_it_is_found_and_paged(disagreed, look, told):
    forget(disagreed)
    assert look() == {"risk-without-incident"}
    assert told.sent
    assert Incident.objects.get().snapshot["triggers"][-1]["code"] == "suicide-item-positive"
    assert look() == set()
    assert Overruled.objects.get().audited_at


def test_the_rules_decide_what_was_dangerous_there_and_not_the_marks_of_the_form(disagreed, look):
    """As if the page had not known that the answer is one to tell of: no sentence was kept with it."""
    row = Overruled.objects.get()
    assert look() == set()
    Overruled.objects.create(response=row.response, answers=row.answers, told=[])
    forget(disagreed)
    assert look() == {"risk-without-incident"}


def test_a_screen_that_can_not_be_read_any_more_is_paged_to_be_read(disagreed, look):
    assert look() == set()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO intake_overruled (id, response_id, answers, told)"
            " SELECT gen_random_uuid(), response_id, 'v1.gone.AAAA', told FROM intake_overruled"
        )
    forget(disagreed)
    assert look() == {"unread-answers"}


def test_a_repeat_of_the_losing_save_and_a_conflict_without_danger_add_no_incident(well, look, monkeypatch):
    invitation = invite(well)
    phone, tablet = opened(invitation), opened(invitation)
    for one in (phone, tablet):
        one.go("/i/packet/demographics/")
    autosave(phone, "demographics", {"demo-given": ["Rosa"]})
    key = uuid4()
    for _ in range(2):
        assert autosave(tablet, "demographics", {"demo-given": ["Rosita"]}, key=key).status_code == 409
    assert Overruled.objects.count() == 1
    monkeypatch.setattr(auditing, "GRACE", timedelta(0))
    assert look() == set()
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    ("code", "plant"),
    [
        ("step-overdue", lambda _: Incident.objects.update(due_at=clock.now() - timedelta(seconds=70))),
        ("stuck-page", lambda _: Page.objects.filter(channel="email").update(
            state="claimed", lease_until=clock.now() - timedelta(seconds=70))),
        ("unacknowledged", lambda _: Incident.objects.update(opened_at=clock.now() - timedelta(days=400))),
        ("on-call-gap", lambda _: Shift.objects.filter(level="backup").update(ends_at=clock.now())),
        ("nobody-may-answer", lambda world: world.stranger.memberships.update(is_active=False)),
        ("canary-late", lambda _: Page.objects.filter(channel="sink").update(
            accepted_at=clock.now() - timedelta(seconds=400))),
        ("gap-ahead", lambda _: Shift.objects.filter(level="backup").update(
            ends_at=clock.now() + timedelta(hours=9))),
        ("unreachable-step", lambda world: world.clinician.contact_points.update(
            last_test_delivered_at=clock.now() - timedelta(days=31))),
    ],
)  # fmt: skip
def test_each_thing_that_is_wrong_is_found_once_and_told(danger, look, well, code, plant):
    assert look() == set()
    plant(well)
    assert code in look()
    assert Alarm.objects.filter(code=code).exclude(told_at=None).exists()
    lasting = list(Alarm.objects.filter(code=code, ended_at=None))
    assert code in look()
    assert list(Alarm.objects.filter(code=code)) == lasting


def test_an_incident_that_told_nobody_by_its_first_deadline_is_found(danger, look):
    Page.objects.filter(channel="email").update(accepted_at=None, state="retry")
    Incident.objects.update(opened_at=clock.now() - timedelta(seconds=301))
    assert look() == {"nobody-told"}
    Page.objects.filter(channel="email").update(accepted_at=clock.now(), state="delivered")
    assert look() == set()


def test_a_missing_time_is_a_failure_and_not_a_pass():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    ladder = [{"wait_seconds": 300}]
    for opened_at, due_at in ((None, now), (now, None), (None, None)):
        assert wrong_with(Seen("notifying", opened_at, due_at, ladder, 1), now) == ("no-due-time",)
    assert wrong_with(Seen("acknowledged", now - timedelta(days=9), now, ladder, 0), now) == ()


def test_an_alarm_that_nobody_took_is_told_again(danger, look, told):
    forget(danger)
    told.failure = ChannelError("no connection", permanent=False)
    look()
    assert not Alarm.objects.get().told_at
    told.failure = None
    look()
    assert len(told.sent) == 1 and Alarm.objects.get().told_at
    look()
    assert len(told.sent) == 1


def test_without_anybody_to_tell_the_alarm_is_kept_all_the_same(danger, look, settings):
    settings.OPERATOR_EMAIL = ""
    forget(danger)
    assert look() == {"risk-without-incident"}


def test_the_auditors_turn_is_taken_once_a_minute_whoever_comes(danger, told):
    assert auditing.audit_paging(channels=lambda _name: told) == 0
    forget(danger)
    Response.objects.update(audited_revision=0)
    assert auditing.audit_paging(channels=lambda _name: told) == 0
    assert not Alarm.objects.exists()
