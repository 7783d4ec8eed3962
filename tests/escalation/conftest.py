"""A clinic with two people on duty and a ladder of two steps; alarms to raise; a mailbox that can be told to fail."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F

from audit.actions import Actor
from audit.models import Event
from core import clock
from core.channels.memory import MemoryChannel
from escalation import services
from escalation.models import Incident, Ladder, Page, Shift

STEPS = [
    {"name": "On call", "level": "on_call", "wait_seconds": 300},
    {"name": "Backup", "level": "backup", "wait_seconds": 120},
]


@pytest.fixture
def duty(world):
    """Casey is on call, Blake is the backup; both stand by without an end."""
    since = clock.now() - timedelta(days=1)
    Ladder.objects.create(clinic=world.clinic, steps=STEPS)
    for user, level in ((world.clinician, "on_call"), (world.backup, "backup")):
        Shift.objects.create(clinic=world.clinic, user=user, level=level, starts_at=since)
    return world


@pytest.fixture
def alarm(duty) -> Callable[..., Incident]:
    """Raise an alarm for Rosa; `packet` and `key` say whether it is a new one."""
    here = uuid.uuid4()

    def raise_it(key: str = "phq9:item9:1", packet: uuid.UUID = here, urgency: str = "critical", **about) -> Incident:
        return services.open(
            patient=duty.patient,
            clinic_id=duty.clinic.id,
            site_id=about.pop("site_id", duty.site.id),
            source_ref=packet,
            urgency=urgency,
            trigger_key=key,
            trigger={"code": "suicide-item-positive", "because": "canary-because", "instrument": "phq9", **about},
            actor=Actor.patient(duty.patient.id),
        )

    return raise_it


@pytest.fixture
def mailbox() -> MemoryChannel:
    return MemoryChannel()


@pytest.fixture
def deliver(mailbox) -> Callable[[], int]:
    return lambda: services.deliver_due(channels=lambda _name: mailbox)


@pytest.fixture
def pass_time() -> Callable[..., None]:
    """Move every due time and lease back by so many seconds, as if the clock had gone on."""

    def back(seconds: int) -> None:
        by = timedelta(seconds=seconds)
        Incident.objects.update(due_at=F("due_at") - by)
        Page.objects.update(due_at=F("due_at") - by, wanted_at=F("wanted_at") - by, lease_until=F("lease_until") - by)

    return back


@pytest.fixture
def recorded() -> Callable[[str], int]:
    """How often an action was recorded."""
    return lambda action: Event.objects.filter(action=action).count()


@pytest.fixture
def paged(world) -> Callable[[], list[str]]:
    """Who was paged, in order of rounds, by first name."""
    return lambda: [
        page.user.full_name.split()[0] if page.user else ""
        for page in Page.objects.select_related("user").order_by("round", "user__full_name")
    ]
