"""Many at once, each with a connection of its own."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from personas import signed_in

from audit.actions import Actor
from audit.models import Event
from core import clock
from core.channels.memory import MemoryChannel
from escalation import selectors, services
from escalation.models import Acknowledgement, Incident, Override, Page

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(count, act):
    """Run `act(number)` in `count` threads that start together; each closes its connection."""
    barrier = threading.Barrier(count)

    def run(number):
        barrier.wait()
        try:
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_simultaneous_alarms_of_one_packet_make_one_incident_that_holds_them_all(alarm, recorded):
    opened = at_once(8, lambda number: alarm(key=f"key-{number % 4}"))
    assert len({one.pk for one in opened}) == 1
    incident = Incident.objects.get()
    assert len(selectors.triggers(incident)) == 4
    assert Page.objects.count() == 1
    assert (recorded("incident.opened"), recorded("incident.joined")) == (1, 3)


def test_twenty_parallel_acknowledgements_are_one(alarm, world, recorded):
    incident = alarm()
    people = [world.clinician, world.backup, world.supervisor]
    assert services.deliver_due(channels=lambda _name: MemoryChannel()) == 1  # Casey has heard of it

    def take(number):
        user = people[number % 3]
        return services.acknowledge(incident_id=incident.pk, user=user, actor=Actor.staff(user.id))

    taken = at_once(20, take)
    winner = Acknowledgement.objects.get().user
    assert [one.first for one in taken].count(False) == 19
    assert {one.by for one in taken} == {winner}
    assert recorded("incident.acknowledged") == 1
    assert Page.objects.filter(kind="taken").count() == (winner != world.clinician)


def test_two_deliverers_claim_no_page_twice(alarm, world):
    for number in range(12):
        alarm(packet=type(world.clinic.id)(int=number + 1))
    mailboxes = [MemoryChannel() for _ in range(4)]
    counts = at_once(4, lambda number: services.deliver_due(channels=lambda _name: mailboxes[number]))
    sent = Counter(message.reference for box in mailboxes for message in box.sent)
    assert sum(counts) == len(sent) == 12
    assert set(sent.values()) == {1}
    assert set(Page.objects.values_list("state", "attempt")) == {("delivered", 1)}
    assert Event.objects.filter(action="page.delivered").count() == 12


def test_two_drivers_take_each_step_once(alarm, world, pass_time):
    for number in range(6):
        alarm(packet=type(world.clinic.id)(int=number + 1))
    pass_time(301)
    assert sum(at_once(4, lambda _number: services.advance_due())) == 6
    assert Page.objects.filter(user=world.backup).count() == 6
    assert set(Incident.objects.values_list("step", "loop")) == {(1, 0)}


def test_an_alarm_and_an_outcome_at_the_same_moment_lose_neither(alarm, world):
    incident = alarm()

    def act(number):
        if number:
            return alarm(key="another")
        return services.resolve(
            incident_id=incident.pk,
            user=world.clinician,
            kind="reached_safe",
            note="She is safe.",
            actor=Actor.staff(world.clinician.id),
        )

    at_once(2, act)
    rows = Incident.objects.order_by("opened_at")
    held = [len(selectors.triggers(row)) for row in rows]
    assert (held, [row.state for row in rows]) in (([2], ["resolved"]), ([1, 1], ["resolved", "notifying"]))


def test_of_simultaneous_overrides_one_stands_and_the_others_are_told(duty):
    tomorrow = (clock.now() + timedelta(days=1)).date()
    typed = {
        "clinic": duty.clinic.pk, "level": "on_call", "user": duty.backup.pk, "reason": "swap",
        "starts_at": f"{tomorrow}T08:00", "ends_at": f"{tomorrow}T20:00",
    }  # fmt: skip
    browsers = [signed_in(duty.operator) for _ in range(6)]
    replies = at_once(6, lambda n: browsers[n].post("/admin/escalation/override/add/", typed, follow=True))
    assert Override.objects.count() == 1
    assert {reply.status_code for reply in replies} == {200}
    assert sum("stands in at this level in part of that time" in one.content.decode() for one in replies) == 5
