"""The loop that needs no broker: every job in its turn, none able to stop the others, a signal ends it cleanly."""

import os
import select
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from personas import World

import escalation.services
from audit.actions import Actor
from audit.models import Unsealed
from config.management.commands.dispatch import JOBS, PAGING, Dispatcher, Job, installed_jobs, pause
from core.clock import now
from escalation.models import Incident, Page

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"


def quiet(name="quiet"):
    return Job(name, lambda: 0)


def failing(error, name="failing"):
    def fail():
        raise error

    return Job(name, fail)


@pytest.fixture
def alarm(world: World) -> Incident:
    return escalation.services.open(
        patient=world.patient,
        clinic_id=world.clinic.id,
        site_id=world.site.id,
        source_ref=world.program.id,
        urgency="critical",
        trigger_key="key",
        trigger={"code": "suicide-item-positive"},
        actor=Actor.patient(world.patient.id),
    )


@pytest.fixture
def dispatcher(db):
    made = Dispatcher([], 0.05)
    made.ran = []
    return made


def noted(dispatcher, name):
    return Job(name, lambda: dispatcher.ran.append(name))


def test_paging_is_the_first_thing_that_each_round_does():
    assert JOBS[:2] == PAGING == ("escalation.services.advance_due", "escalation.services.deliver_due")


def test_every_job_of_the_table_exists():
    assert [job.name for job in installed_jobs()] == list(JOBS)
    assert all(callable(job.call) for job in installed_jobs())


def test_a_room_that_is_not_installed_has_no_jobs(settings):
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if not name.startswith("ehr.")]
    names = [job.name for job in installed_jobs(("audit.services.seal", "ehr.services.push_due"))]
    assert names == ["audit.services.seal"]


def test_a_job_that_ought_to_be_there_and_is_not_stops_the_start():
    with pytest.raises(ImportError):
        installed_jobs(("escalation.services.not_written",))


def test_one_round_pages_and_seals(alarm, mailoutbox):
    dispatcher = Dispatcher(
        installed_jobs(("escalation.services.advance_due", "escalation.services.deliver_due", "audit.services.seal")), 1
    )
    assert dispatcher.cycle()
    assert {mail.subject for mail in mailoutbox} == {f"Alert {alarm.code}"}
    assert set(Page.objects.values_list("state", flat=True)) == {"delivered"}
    assert not Unsealed.objects.exists()


def test_a_failing_job_stops_no_other_and_is_named_without_its_words(dispatcher, caplog):
    dispatcher.jobs = [failing(ValueError("Rosa said so")), noted(dispatcher, "after")]
    assert not dispatcher.cycle()
    assert dispatcher.ran == ["after"]
    assert "failing failed (ValueError), 1 in a row" in caplog.text
    assert "Rosa" not in caplog.text


def test_a_failing_job_rests_longer_each_time_while_the_others_go_on(dispatcher):
    bad = failing(ValueError())
    dispatcher.jobs = [bad, noted(dispatcher, "good")]
    for _ in range(3):
        dispatcher.cycle()
    assert bad.failures == 1
    assert dispatcher.ran == ["good"] * 3
    bad.rests_until = 0.0
    dispatcher.cycle()
    assert bad.failures == 2
    assert [pause(count) for count in (1, 2, 3, 6, 100)] == [1, 2, 4, 30, 30]


def test_after_a_job_that_took_long_paging_comes_first_again(dispatcher, monkeypatch):
    times = [0.0]
    monkeypatch.setattr("config.management.commands.dispatch.time", SimpleNamespace(monotonic=lambda: times[-1]))

    def hang():
        times.append(3600.0)
        dispatcher.ran.append("chart")

    dispatcher.jobs = [noted(dispatcher, PAGING[1]), Job("chart", hang), noted(dispatcher, "seal")]
    assert dispatcher.cycle()
    assert dispatcher.ran == [PAGING[1], "chart", PAGING[1], "seal"]


def test_a_job_that_recovers_is_forgiven(dispatcher):
    job = quiet()
    job.failures = 5
    dispatcher.jobs = [job]
    assert dispatcher.cycle()
    assert job.failures == 0


@pytest.mark.django_db(transaction=True)
def test_a_database_error_of_one_job_is_that_jobs_trouble_while_the_database_answers(dispatcher, caplog):
    dispatcher.jobs = [failing(OperationalError("deadlock")), noted(dispatcher, "after")]
    assert not dispatcher.cycle()
    assert dispatcher.ran == ["after"]
    assert dispatcher.outage == 0


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_gone_is_said_once_and_taken_up_again(dispatcher, caplog):
    dispatcher.jobs = [Job("first", now), noted(dispatcher, "second")]
    port = connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict["PORT"] = "1"
    try:
        assert not dispatcher.cycle()
        assert not dispatcher.cycle()
    finally:
        connection.settings_dict["PORT"] = port
    assert dispatcher.ran == []
    assert caplog.text.count("the database is gone") == 1
    assert dispatcher.cycle()
    assert dispatcher.ran == ["second"]
    assert "the database is back" in caplog.text
    assert dispatcher.outage == 0


def test_a_signal_lets_the_current_job_finish_and_starts_no_other(dispatcher):
    dispatcher.jobs = [
        Job("signalled", lambda: (dispatcher.stop(signal.SIGTERM, None), dispatcher.ran.append("finished"))),
        noted(dispatcher, "next"),
    ]
    dispatcher.run()
    assert dispatcher.ran == ["finished"]


@pytest.mark.parametrize("interval", [0, -1, 61])
def test_an_interval_that_makes_no_sense_is_one_line(interval):
    with pytest.raises(CommandError, match="between 0.05 and 60"):
        call_command("dispatch", interval=interval)


def environment():
    """For a process of its own on this test's database, as the runtime role."""
    config = connection.settings_dict
    host = config["HOST"] or config["OPTIONS"].get("host")
    return {
        **os.environ,
        "DATABASE_URL": f"postgresql://{config['USER']}:{config['PASSWORD']}@/{config['NAME']}?host={host}"
        + (f"&port={config['PORT']}" if config["PORT"] else ""),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
        "REDIS_URL": "",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": "1",
    }


@contextmanager
def dispatch(*arguments):
    """A running dispatcher; killed if the test gives up on it."""
    with subprocess.Popen(
        [sys.executable, MANAGE, "dispatch", *arguments],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_told_to_stop_exits_cleanly(number):
    with dispatch("--interval", "30") as process:
        ready, _, _ = select.select([process.stdout], [], [], 60)
        assert ready
        assert "Dispatching" in process.stdout.readline()
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_one_round_from_the_command_line_tries_the_page_and_exits(alarm):
    with dispatch("--once") as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    pages = Page.objects.exclude(channel="sink")
    assert set(pages.values_list("state", "last_error")) == {("retry", "ConnectionRefusedError")}
