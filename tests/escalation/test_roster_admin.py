"""Planning duty in the admin: administrators and supervisors; to everybody else these pages don't exist."""

from datetime import timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from personas import prove, signed_in

from audit.models import Event
from core import clock
from core.models import User
from escalation.models import Ladder, Override, Rotation, Shift

ROTATIONS, OVERRIDES, LADDERS = (f"/admin/escalation/{name}/" for name in ("rotation", "override", "ladder"))
ON_CALL = f"{ROTATIONS}on-call/"


@pytest.fixture
def ona(duty):
    return signed_in(duty.operator)


def turns(world, **changed):
    return {
        "clinic": world.clinic.pk, "level": "on_call", "time_zone": "America/New_York", "starts_on": "2026-01-05",
        "handover": "08:00", "days": "7", "turn_1": world.clinician.pk, "turn_3": world.backup.pk, **changed,
    }  # fmt: skip


@pytest.mark.parametrize("who", ["front_desk", "clinician", "compliance", "stranger_desk", "stranger"])
def test_nobody_else_finds_these_pages(duty, ona, who):
    User.objects.filter(pk=duty.clinician.pk).update(is_staff=True)
    other = signed_in(getattr(duty, who))
    for page in (ROTATIONS, f"{ROTATIONS}add/", OVERRIDES, f"{OVERRIDES}add/", LADDERS, f"{LADDERS}add/", ON_CALL):
        assert ona.get(page).status_code == 200, page
        answer = other.get(page)
        assert answer.status_code == 404 or answer["Location"].startswith("/admin/login/"), page
    assert "/admin/escalation/" not in signed_in(duty.front_desk).get("/admin/").content.decode()


def test_a_supervisor_plans_duty_too_and_finds_the_way_from_the_inbox(duty):
    supervisor = signed_in(duty.supervisor)
    assert f'href="{ROTATIONS}"' in supervisor.get("/staff/inbox/").content.decode()
    assert supervisor.get(ROTATIONS).status_code == 200
    start = supervisor.get("/admin/").content.decode()
    assert "Rotations" in start and "Patients" not in start and "/core/" not in start
    assert f'href="{ROTATIONS}"' not in signed_in(duty.clinician).get("/staff/inbox/").content.decode()


def test_a_rotation_is_made_and_changed_by_the_service(duty, ona):
    assert ona.post(f"{ROTATIONS}add/", turns(duty)).status_code == 302
    made = Rotation.objects.get()
    assert [one.user for one in made.members.order_by("position")] == [duty.clinician, duty.backup]
    assert Event.objects.filter(action="duty.set", object_id=str(made.pk)).exists()
    page = ona.get(f"{ROTATIONS}{made.pk}/change/").content.decode()
    assert "Turn 5" in page and "Sasha" not in page
    assert "Casey Clinician, Blake Backup" in ona.get(ROTATIONS).content.decode()
    ona.post(f"{ROTATIONS}{made.pk}/change/", turns(duty, turn_1="", days="14"))
    made.refresh_from_db()
    assert (made.days, made.members.get().user) == (14, duty.backup)
    assert ona.post(f"{ROTATIONS}{made.pk}/delete/").status_code == 404


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"time_zone": "Mars/Olympus"}, "not the name of a time zone"),
        ({"turn_1": "", "turn_3": ""}, "needs somebody whose turn it is"),
        ({"days": "0"}, "between 1 and 366 days"),
        ({"starts_on": "2199-12-31"}, "between 2000 and 2099"),
        ({"clinic": "other"}, "Select a valid choice"),
        ({"turn_1": "stranger"}, "Select a valid choice"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(duty, ona, changed, said):
    ids = {"other": duty.other_clinic.pk, "stranger": duty.stranger.pk}
    typed = turns(duty, **{name: ids.get(value, value) for name, value in changed.items()})
    assert said in ona.post(f"{ROTATIONS}add/", typed).content.decode()
    assert not Rotation.objects.exists()


def test_an_override_is_typed_by_the_clinics_clock_and_can_only_be_cancelled(duty, ona):
    tomorrow = (clock.now() + timedelta(days=1)).date()
    typed = {
        "clinic": duty.clinic.pk, "level": "on_call", "user": duty.backup.pk, "reason": "swap",
        "starts_at": f"{tomorrow}T08:00", "ends_at": f"{tomorrow}T20:00",
    }  # fmt: skip
    assert ona.post(f"{OVERRIDES}add/", typed).status_code == 302
    made = Override.objects.get()
    assert made.starts_at.astimezone(ZoneInfo(duty.clinic.time_zone)).strftime("%Y-%m-%dT%H") == f"{tomorrow}T08"
    assert (
        "stands in at this level in part of that time already" in ona.post(f"{OVERRIDES}add/", typed).content.decode()
    )
    assert "8:00" in ona.get(OVERRIDES).content.decode()
    assert ona.post(f"{OVERRIDES}{made.pk}/change/", typed).status_code == 404
    assert ona.post(f"{OVERRIDES}{made.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Override.objects.exists()


def test_an_override_that_makes_no_sense_is_refused_in_words_and_what_doubles_somebody_is_said(duty, ona):
    today = clock.now().date()
    typed = {"clinic": duty.clinic.pk, "level": "on_call", "user": duty.backup.pk, "reason": "swap"}

    def tried(first: int, last: int) -> str:
        days = {
            "starts_at": f"{today + timedelta(days=first)}T08:00",
            "ends_at": f"{today + timedelta(days=last)}T08:00",
        }
        return unescape(ona.post(f"{OVERRIDES}add/", typed | days, follow=True).content.decode())

    assert "This time is over already" in tried(-3, -2)
    assert "plan a rotation" in tried(1, 34)
    assert not Override.objects.exists()
    assert "Blake Backup then has duty at two levels at once, on call and backup, first from" in tried(1, 2)
    assert Override.objects.count() == 1
    typed["user"] = duty.supervisor.pk
    assert "two levels" not in tried(2, 3)


def test_somebody_twice_in_a_rotation_is_taken_and_said(duty, ona):
    twice = turns(duty, level="supervisor", turn_1=duty.supervisor.pk, turn_2=duty.backup.pk, turn_3=duty.supervisor.pk)
    page = unescape(ona.post(f"{ROTATIONS}add/", twice, follow=True).content.decode())
    assert "Sam Supervisor has 2 turns in each round." in page and "Blake Backup has 2" not in page
    assert "two levels" in page, "Blake stands by as the backup too"
    assert Rotation.objects.get().members.count() == 3


def test_rotations_overrides_ladders_and_the_plan_lead_to_one_another(duty, ona):
    for page in (ROTATIONS, OVERRIDES, LADDERS, ON_CALL):
        shown = ona.get(page).content.decode()
        for other in {ROTATIONS, OVERRIDES, LADDERS, ON_CALL} - {page}:
            assert f'href="{other}"' in shown, (page, other)


def rows(*steps, **changed):
    said = {"floor": "60", **changed}
    for number, (name, level, wait) in enumerate(steps, 1):
        said |= {f"name_{number}": name, f"level_{number}": level, f"wait_{number}": wait}
    return said


def test_a_ladder_is_edited_as_rows_and_its_faults_are_sentences(duty, ona):
    prove(duty.clinic, duty.clinician, duty.backup, duty.supervisor)
    Shift.objects.create(
        clinic=duty.clinic, user=duty.supervisor, level="medical_director", starts_at=clock.now() - timedelta(days=1)
    )
    page = f"{LADDERS}{Ladder.objects.get().pk}/change/"
    shown = ona.get(page).content.decode()
    assert 'value="On call"' in shown and 'name="wait_5"' in shown and "wait_seconds" not in shown
    steps = rows(("First", "on_call", "300"), ("", "", ""), ("Last", "medical_director", "60"), floor="120")
    saved = unescape(ona.post(page, steps, follow=True).content.decode())
    assert "If nobody acknowledges, the next page goes out after 5 minutes, to Last." in saved
    assert "single step" not in saved and "Ladder of Harbor Clinic" in saved
    assert Ladder.objects.get().steps == [
        {"name": "First", "level": "on_call", "wait_seconds": 300},
        {"name": "Last", "level": "medical_director", "wait_seconds": 60, "floor_seconds": 120},
    ]
    assert Event.objects.filter(action="ladder.set").count() == 1
    alone = unescape(ona.post(page, rows(("Only", "on_call", "3600")), follow=True).content.decode())
    assert "single step" in alone and "only after 60 minutes" in alone
    planned = unescape(ona.post(page, rows(("x", "supervisor", "60"))).content.decode())
    assert "Step 1 (x): nobody has duty as supervisor, now or planned." in planned
    assert Ladder.objects.get().steps[0]["name"] == "Only"
    assert "Step 1 must wait between 1 and 3600" in ona.post(page, rows(("x", "on_call", "0"))).content.decode()
    assert "A ladder needs at least one step." in ona.post(page, rows()).content.decode()


def test_the_coming_days_say_who_and_mark_the_gaps(duty, ona):
    ona.post(f"{ROTATIONS}add/", turns(duty, level="supervisor", starts_on="2099-01-01", turn_1=duty.supervisor.pk))
    page = ona.get(ON_CALL).content.decode()
    assert "Casey Clinician" in page and "Blake Backup" in page
    assert page.count('class="gap"') == 1
    assert page.count("<td>standing duty</td>") == 2 and "<td>rotation</td>" not in page
    ona.post(f"{ROTATIONS}add/", turns(duty))
    page = ona.get(ON_CALL).content.decode()
    assert "<td>rotation</td>" in page
    assert "Standing duty, where nothing else covers: Casey Clinician (On Call), Blake Backup (Backup)." in page
    assert "Nobody: pages go to the level above" in page
