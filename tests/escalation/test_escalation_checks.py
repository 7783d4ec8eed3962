"""Dangerous settings are said at start-up; the tasks ring the services."""

import pytest

from escalation import tasks
from escalation.checks import paging_settings
from escalation.models import Page

GOOD = {
    "DEBUG": False,
    "OUTCOME_DEADLINE_MINUTES": 60,
    "PAGE_LEASE_SECONDS": 30,
    "EMAIL_TIMEOUT": 8,
    "EMAIL_HOST": "mail.office.example",
    "DEFAULT_FROM_EMAIL": "alerts@office.example",
    "BASE_URL": "https://office.example",
    "HEARTBEAT_URL": "https://monitor.example/ping",
    "OPERATOR_EMAIL": "operator@office.example",
}


def ids(settings, **changes):
    for name, value in {**GOOD, **changes}.items():
        setattr(settings, name, value)
    return [one.id for one in paging_settings(None)]


def test_good_settings_raise_nothing(settings):
    assert ids(settings, DEVELOPMENT=False) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"OUTCOME_DEADLINE_MINUTES": 0}, "escalation.W001"),
        ({"OUTCOME_DEADLINE_MINUTES": -5}, "escalation.W001"),
        ({"PAGE_LEASE_SECONDS": 24}, "escalation.W002"),
        ({"DEFAULT_FROM_EMAIL": "alerts@harbor-recovery.example"}, "escalation.W003"),
        ({"BASE_URL": "https://PsychClinic.example"}, "escalation.W003"),
        ({"EMAIL_HOST": "localhost"}, "escalation.W004"),
        ({"DEFAULT_FROM_EMAIL": "alerts@localhost"}, "escalation.W004"),
        ({"BASE_URL": "http://127.0.0.1:8000"}, "escalation.W005"),
        ({"HEARTBEAT_URL": ""}, "escalation.W009"),
        ({"OPERATOR_EMAIL": ""}, "escalation.W009"),
    ],
)
def test_each_dangerous_setting_is_named(settings, change, found):
    assert ids(settings, DEVELOPMENT=False, **change) == [found]


def test_defaults_are_fine_while_developing(settings):
    assert ids(settings, DEVELOPMENT=True, EMAIL_HOST="localhost", BASE_URL="http://localhost:8000") == []


def test_the_tasks_do_what_the_dispatcher_does(alarm, pass_time, mailoutbox):
    alarm()
    pass_time(301)
    tasks.advance_due()
    tasks.deliver_due()
    assert [mail.to for mail in mailoutbox] == [["clin@clinic.test"], ["backup@clinic.test"]]
    assert set(Page.objects.values_list("state", flat=True)) == {"delivered"}
