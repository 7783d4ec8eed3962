"""Canaries reach nobody and show nowhere; the heart beats only while all is well; two drivers are one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F
from personas import prove, signed_in
from receiving import receiving

from audit.models import Event
from core import clock
from core.channels import heartbeat
from core.models import ContactPoint
from escalation import selectors, services
from escalation.models import Alarm, Drill, Incident, Ladder, Page, Round, Shift
from escalation.policy.duty import zone
from escalation.policy.watch import Code, next_drill
from escalation.selectors import watching
from escalation.selectors.watching import ROUNDS, Wrong
from escalation.services import duty as duties
from escalation.services import watching as watcher

BAR = "Alerts to staff are late or may not arrive"


@pytest.fixture
def fly(deliver):
    """A canary leaves, travels and ends."""

    def whole_way() -> Incident:
        services.send_canary()
        assert services.deliver_due() == 1  # by the real channel of the table: the sink
        services.send_canary()
        return Incident.every.get(is_canary=True)

    return whole_way


@pytest.fixture
def alive(duty, fly, settings):
    """All that the heart needs: a canary arrived, every round came to its end, nothing is wrong."""
    settings.HEARTBEAT_URL = "https://monitor.test/beat"
    fly()
    for name in ROUNDS:
        services.end_round(name)
    return []


@pytest.fixture
def stand_by(duty, fly):
    """Everybody is proved, a canary arrived, and the backup's duty is over: the auditor has seen it."""

    def leave() -> None:
        fly()
        prove(duty.clinic, duty.clinician, duty.backup, duty.supervisor)
        Shift.objects.filter(level="backup").update(ends_at=clock.now())
        services.keep_alarms([one for one in watching.clinics_gaps() if one.clinic_id == duty.clinic.id])
        assert Alarm.objects.filter(code="on-call-gap").exists()

    return leave


def beats(sent) -> bool:
    Round.objects.filter(name="heartbeat").update(due_at=clock.now() - timedelta(seconds=1))
    return services.beat(send=lambda url: sent.append(url) or True)


def age_canary(seconds: int) -> None:
    Page.objects.filter(channel="sink").update(accepted_at=clock.now() - timedelta(seconds=seconds))


def test_a_canary_travels_like_any_incident_and_ends(duty, fly, recorded):
    canary = fly()
    page = canary.pages.get()
    assert (canary.state, page.state, page.channel, page.user) == ("resolved", "delivered", "sink", None)
    assert [recorded(f"incident.{what}") for what in ("opened", "step")] == [1, 1]
    assert watching.health().canary_seconds < 30


def test_a_canary_is_in_no_list_and_to_nobody(duty, fly):
    canary = fly()
    assert not Incident.objects.exists()
    assert selectors.inbox([duty.clinic.id, duty.other_clinic.id]) == []
    assert selectors.of_patient(duty.patient.id) == []
    assert watching.wrong_incidents() == []
    for person in (duty.clinician, duty.supervisor, duty.operator):
        for path in (f"/incidents/{canary.code}/", f"/incidents/{canary.code.lower()}/"):
            assert signed_in(person).get(path).status_code == 404
    assert canary.code not in signed_in(duty.clinician).get("/staff/inbox/").content.decode()
    assert not Event.objects.filter(object_id=str(canary.id)).exclude(clinic_id=None, patient_id=None).exists()


def test_no_contact_point_can_lead_to_where_canaries_end(duty):
    assert "sink" not in ContactPoint.Kind.values
    with pytest.raises(IntegrityError, match="only_a_canary_is_about_nobody"), transaction.atomic():
        Incident.every.create(code="ABCD2345", source_ref=duty.clinic.id, ladder=[], snapshot={}, due_at=clock.now())


def test_a_canary_leaves_every_five_minutes_and_not_while_one_is_under_way(duty):
    assert services.send_canary()
    Round.objects.filter(name="canary").update(due_at=clock.now())
    assert not services.send_canary()
    services.deliver_due()
    Round.objects.filter(name="canary").update(due_at=clock.now())
    assert services.send_canary()
    assert not services.send_canary()


def test_until_a_canary_has_ever_arrived_the_clinics_age_counts(duty):
    assert watching.health().canary_ok
    type(duty.clinic).objects.update(created_at=F("created_at") - timedelta(seconds=391))
    assert not watching.health().canary_ok
    assert [one.code for one in watching.canary_alarm()] == [Code.CANARY_LATE]


def test_the_heart_beats_while_all_of_it_holds(alive):
    assert beats(alive) and alive == ["https://monitor.test/beat"]
    assert not services.beat(send=lambda url: True)  # one a minute, whoever comes


@pytest.mark.parametrize(
    "harm",
    [
        lambda: age_canary(391),
        lambda: Page.objects.filter(channel="sink").update(accepted_at=None, state="dead"),
        lambda: services.keep_alarms([Wrong(Code.STUCK_PAGE, "x")]),
        *(
            lambda name=name: Round.objects.filter(name=name).update(ended_at=clock.now() - timedelta(seconds=200))
            for name in ROUNDS
        ),
        lambda: Round.objects.filter(name="audit").delete(),
    ],
)
def test_the_heart_stands_still_when_any_of_it_fails(alive, harm):
    harm()
    assert not beats(alive) and alive == []


def test_a_late_incident_stops_the_heart_before_the_auditor_has_looked(alive, alarm):
    alarm()
    services.deliver_due()
    assert beats(alive)
    Incident.objects.update(due_at=clock.now() - timedelta(seconds=121))
    assert not beats(alive)


def test_a_warning_neither_stops_the_heart_nor_turns_the_bar_red(alive):
    services.keep_alarms([Wrong(Code.GAP_AHEAD, "clinic")])
    assert beats(alive) and watching.health().ok


@pytest.mark.parametrize("status", [200, 302, 500])
def test_the_heartbeat_is_one_get_and_no_redirect_is_followed(status):
    with receiving() as monitor:
        monitor.status = status
        assert heartbeat.beat(f"{monitor.url}/beat") is (status == 200)
        assert [one.path for one in monitor.received] == ["/beat"]


def test_a_monitor_that_is_not_there_never_raises(caplog):
    assert heartbeat.beat("http://127.0.0.1:9/secret-token") is False
    assert "secret-token" not in caplog.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("jobs", [("send_canary", "beat"), ("beat", "send_canary")])
def test_two_drivers_at_once_never_double(alive, jobs):
    Round.objects.filter(name="canary").update(due_at=clock.now())
    Round.objects.create(name="heartbeat", due_at=clock.now())

    def drive(_: int) -> None:
        try:
            for job in jobs:
                services.beat(send=lambda url: alive.append(url) or True) if job == "beat" else services.send_canary()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(drive, range(4)))
    assert len(alive) == 1
    assert Incident.every.filter(is_canary=True).exclude(state="resolved").count() == 1


def test_an_alarm_is_raised_once_while_it_lasts_and_ends_once(duty, recorded):
    wrong = Wrong(Code.STUCK_PAGE, "page", duty.clinic.id)
    assert services.keep_alarms([wrong, wrong]) == 1
    assert services.keep_alarms([wrong]) == 0
    services.keep_alarms([])
    assert services.keep_alarms([wrong]) == 1
    assert (Alarm.objects.count(), recorded("alarm.raised"), recorded("alarm.ended")) == (2, 2, 1)


@pytest.mark.parametrize("change", [{"code": "other"}, {"raised_at": None}, {"ended_at": None}])
def test_an_alarm_that_was_raised_stays_as_it_was(duty, change):
    services.keep_alarms([Wrong(Code.STUCK_PAGE, "page")])
    services.keep_alarms([])
    with pytest.raises(DatabaseError, match="an alarm that was raised stays"):
        Alarm.objects.update(**change)


def test_the_bar_is_red_for_clinicians_and_operators_and_says_nothing_to_the_desk(duty, fly, alarm):
    fly()
    pages = [(duty.clinician, "/staff/inbox/"), (duty.operator, "/admin/"), (duty.front_desk, "/admin/")]
    shown = [signed_in(person).get(path).content.decode() for person, path in pages]
    assert not any(BAR in page for page in shown)
    alarm()
    Incident.objects.update(due_at=clock.now() - timedelta(seconds=121))
    late = [signed_in(person).get(path).content.decode() for person, path in pages]
    assert [BAR in page for page in late] == [True, True, False]
    age_canary(391)
    assert all(BAR in signed_in(person).get(path).content.decode() for person, path in pages)


def test_health_tells_the_world_of_the_canary_and_an_operator_the_rest(duty, fly, alarm, client):
    fly()
    alarm()
    Incident.objects.update(due_at=clock.now() - timedelta(seconds=500))
    services.keep_alarms([Wrong(Code.STEP_OVERDUE, "incident")])
    for browser in (client, signed_in(duty.front_desk), signed_in(duty.stranger_desk)):
        told = browser.get("/health/paging")
        assert told.status_code == 200 and told.json().keys() == {"ok", "canary_seconds"}
    told = signed_in(duty.operator).get("/health/paging")
    assert told.status_code == 503 and told.json()["lateness_seconds"] >= 499
    assert (told.json()["ok"], told.json()["alarms"]) == (False, ["step-overdue"])
    age_canary(400)
    assert client.get("/health/paging").status_code == 503


# --- reachability -------------------------------------------------------------------------------------


STEPS = [{"name": "First", "level": "on_call", "wait_seconds": 60}]


def test_a_ladder_goes_live_only_when_each_step_reaches_somebody(world, duty):
    change = {"clinic": duty.clinic, "steps": STEPS, "actor": watcher.AUDITOR}
    with pytest.raises(duties.Unreachable, match=r"Step 1 \(First\) pages Casey Clinician, without a verified"):
        duties.set_ladder(**change)
    prove(duty.clinic, duty.clinician)
    points = ContactPoint.objects.filter(user=duty.clinician)
    points.update(last_test_delivered_at=clock.now() - timedelta(days=31))
    with pytest.raises(duties.Unreachable, match="no test page reached Casey Clinician in the last 30 days"):
        duties.set_ladder(**change)
    points.update(last_test_delivered_at=clock.now() - timedelta(days=29))
    assert duties.set_ladder(**change).steps == STEPS
    points.update(last_test_delivered_at=None)
    assert duties.set_ladder(**change)  # said twice: nothing goes live


def test_a_ladder_with_a_level_that_nobody_holds_is_refused_in_words_and_a_planned_one_is_taken(duty):
    prove(duty.clinic, duty.clinician, duty.backup, duty.supervisor)
    steps = [*STEPS, {"name": "Last", "level": "medical_director", "wait_seconds": 60}]
    change = {"clinic": duty.clinic, "steps": steps, "actor": watcher.AUDITOR}
    tomorrow = clock.now() + timedelta(days=1)
    held = {"clinic": duty.clinic, "level": "medical_director", "starts_at": tomorrow, "actor": watcher.AUDITOR}
    duties.put_on_call(user=duty.stranger, **held)
    with pytest.raises(
        duties.Unreachable, match=r"Step 2 \(Last\): nobody has duty as medical director, now or planned"
    ):
        duties.set_ladder(**change)
    duties.put_on_call(user=duty.supervisor, **held)
    assert duties.set_ladder(**change).steps == steps


def test_a_gap_is_told_as_what_it_is_and_to_its_own_clinic_alone(duty, fly, stand_by):
    stand_by()
    pages = [(duty.clinician, "/staff/inbox/"), (duty.operator, "/admin/")]
    for person, path in pages:
        shown = signed_in(person).get(path).content.decode()
        assert BAR not in shown and "Alerts go out all the same" in shown
    for person, path in ((duty.stranger, "/staff/inbox/"), (duty.front_desk, "/admin/")):
        shown = signed_in(person).get(path).content.decode()
        assert BAR not in shown and "Alerts go out all the same" not in shown
    page = signed_in(duty.supervisor).get("/staff/paging/").content.decode()
    assert page.count("Backup: nobody has duty now.") == 2, "beside the alarm, and where each step is told"
    assert "Every step." not in page
    age_canary(400)
    assert BAR in signed_in(duty.clinician).get("/staff/inbox/").content.decode()


def test_a_lapse_stops_no_page_and_no_shift(duty, alarm, deliver, mailbox):
    assert watching.unreachable(duty.clinic.id)
    alarm()
    assert deliver() == 1 and mailbox.sent
    assert duties.put_on_call(
        clinic=duty.clinic, user=duty.backup, level="on_call", starts_at=clock.now(), actor=watcher.AUDITOR
    )
    assert Ladder.objects.exists()


# --- the weekly test ------------------------------------------------------------------------------------


@pytest.fixture
def wednesday(duty):
    prove(duty.clinic, duty.clinician)
    services.plan_drills()
    assert not Drill.objects.exists()
    Round.objects.update(due_at=clock.now())
    services.plan_drills()
    return duty


def test_everybody_on_duty_gets_one_test_by_each_way(wednesday, mailbox):
    Round.objects.filter(name="drills").update(due_at=clock.now())
    services.plan_drills()
    while services.send_drills(channels=lambda _name: mailbox):
        pass
    # Elsewhere nobody is on the roster: a page would go to everybody who may answer, and so does the test.
    assert sorted(one.to for one in mailbox.sent) == ["backup@clinic.test", "clin@clinic.test", "stranger@else.test"]
    assert all("This is a test. Sign in and press Received" in one.body for one in mailbox.sent)
    assert ContactPoint.objects.get().last_test_delivered_at > Drill.objects.latest("planned_at").planned_at
    assert not Incident.every.exists()


def test_received_is_the_persons_own_word_and_the_first_one_counts(wednesday, mailbox):
    while services.send_drills(channels=lambda _name: mailbox):
        pass
    drill = Drill.objects.get(user=wednesday.clinician)
    door = f"/staff/tests/{drill.id}/received/"
    for other in (wednesday.backup, wednesday.stranger, wednesday.front_desk):
        assert signed_in(other).post(door).status_code == 404
    casey = signed_in(wednesday.clinician)
    assert "Received" in casey.get("/staff/tests/").content.decode()
    assert Drill.objects.get(pk=drill.pk).received_at is None
    casey.post(door)
    first = Drill.objects.get(pk=drill.pk).received_at
    casey.post(door)
    assert first and Drill.objects.get(pk=drill.pk).received_at == first
    page = signed_in(wednesday.supervisor).get("/staff/paging/").content.decode()
    assert page.count("not yet") == 1 and "Casey Clinician" in page
    for other in (wednesday.front_desk, wednesday.clinician):
        assert signed_in(other).get("/staff/paging/").status_code == 404
    assert "Casey Clinician" not in signed_in(wednesday.stranger).get("/staff/tests/").content.decode()


def test_the_test_comes_on_a_wednesday_morning_by_the_clinics_clock():
    there = zone("America/New_York")
    for now, day in (
        (datetime(2026, 3, 4, 14, 59, tzinfo=UTC), "2026-03-04T15:00:00+00:00"),
        (datetime(2026, 3, 4, 15, 0, tzinfo=UTC), "2026-03-11T14:00:00+00:00"),  # the clocks change in between
        (datetime(2026, 3, 6, 3, 0, tzinfo=UTC), "2026-03-11T14:00:00+00:00"),
    ):
        assert next_drill(now, there).astimezone(UTC).isoformat() == day
