"""Whoever was paged learns that somebody took it; after a downtime one page per person says how late it is."""

import re

from test_delivery import SlowChannel, staff

from core import clock
from core.channels.base import ChannelError
from escalation import selectors, services, tasks
from escalation.models import Incident, Ladder, Page


def taken(mailbox):
    return [message.to for message in mailbox.sent if "taken" in message.facts]


def test_who_was_paged_is_told_once_and_whoever_took_it_or_heard_nothing_is_not(
    alarm, world, deliver, mailbox, pass_time
):
    incident = alarm()
    deliver()  # Casey
    pass_time(301)
    services.advance_due()
    deliver()  # Blake
    services.acknowledge(incident_id=incident.pk, **staff(world.supervisor))
    assert deliver() == 2
    services.acknowledge(incident_id=incident.pk, **staff(world.backup))  # too late: nobody is told again
    assert deliver() == 0
    assert sorted(taken(mailbox)) == ["backup@clinic.test", "clin@clinic.test"]
    kinds = [(entry.kind, entry.who.full_name.split()[0]) for entry in selectors.timeline(incident) if entry.who]
    assert kinds.count(("told", "Casey")) == kinds.count(("told", "Blake")) == 1


def test_the_one_who_takes_it_is_told_nothing(alarm, world, deliver, mailbox):
    incident = alarm()
    deliver()
    services.acknowledge(incident_id=incident.pk, **staff(world.clinician))
    assert deliver() == 0
    assert taken(mailbox) == []


def test_a_page_that_was_never_sent_needs_no_word(alarm, world, deliver, mailbox):
    incident = alarm()
    services.acknowledge(incident_id=incident.pk, **staff(world.backup))
    assert deliver() == 0
    assert mailbox.sent == []


def test_whom_the_provider_could_not_reach_is_told_nothing(alarm, world, deliver, mailbox):
    incident = alarm()
    deliver()
    Page.objects.update(state="dead")  # as its report says later
    services.acknowledge(incident_id=incident.pk, **staff(world.backup))
    assert deliver() == 0


def test_a_page_on_its_way_while_somebody_takes_it_is_followed_by_the_word(alarm, world, deliver, mailbox):
    incident = alarm()
    take = SlowChannel(lambda: services.acknowledge(incident_id=incident.pk, **staff(world.backup)))
    assert services.deliver_due(channels=lambda _name: take) == 1 + len(taken(take))
    deliver()
    assert taken(take) + taken(mailbox) == ["clin@clinic.test"]


def test_when_paging_resumes_the_next_one_to_take_it_is_told_of_as_well(alarm, world, deliver, mailbox, pass_time):
    incident = alarm()
    deliver()
    services.acknowledge(incident_id=incident.pk, **staff(world.backup))
    deliver()
    services.hand_over(incident_id=incident.pk, **staff(world.backup))
    services.acknowledge(incident_id=incident.pk, **staff(world.supervisor))
    deliver()
    assert taken(mailbox) == ["clin@clinic.test"] * 2


def test_a_word_that_waits_when_paging_resumes_is_not_sent(alarm, world, deliver, mailbox):
    incident = alarm()
    deliver()
    services.acknowledge(incident_id=incident.pk, **staff(world.backup))
    services.hand_over(incident_id=incident.pk, **staff(world.backup))
    deliver()
    assert taken(mailbox) == []


def test_a_word_that_fails_for_good_moves_no_ladder(alarm, world, deliver, mailbox):
    incident = alarm()
    deliver()
    services.acknowledge(incident_id=incident.pk, **staff(world.backup))
    due_at = Incident.objects.get(pk=incident.pk).due_at
    mailbox.failure = ChannelError("no such number", permanent=True)
    assert deliver() == 0
    after = Incident.objects.get(pk=incident.pk)
    assert (after.state, after.due_at) == ("acknowledged", due_at)
    assert Page.objects.get(kind="taken").state == "dead"


def late(message):
    found = re.search(r"This page is (\d+) min late", message.body)
    return int(found[1]) if found else 0


def test_after_a_downtime_each_person_gets_one_page_and_it_says_how_late(alarm, pass_time, mailoutbox):
    """Casey twice in a row: the step that is due stands in for the page that waited."""
    again = {"name": "On call again", "level": "on_call", "wait_seconds": 300}
    ladder = Ladder.objects.get()
    ladder.steps = [ladder.steps[0], again, ladder.steps[1]]
    ladder.save()
    incident = alarm()
    pass_time(48 * 60)
    for _ in range(3):
        tasks.deliver_due()
    assert [(one.to, incident.code in one.subject) for one in mailoutbox] == [(["clin@clinic.test"], True)]
    assert late(mailoutbox[0]) == 43  # the step had been due for that long
    assert Incident.objects.get().due_at > clock.now()


def test_a_page_that_goes_out_at_once_is_not_late(alarm, deliver, mailbox):
    alarm()
    deliver()
    assert late(mailbox.sent[0]) == 0


def test_a_page_whose_server_was_down_says_how_late_it_is(alarm, deliver, mailbox, pass_time):
    alarm()
    mailbox.failure = ChannelError("no connection", permanent=False)
    deliver()
    mailbox.failure = None
    pass_time(290)
    deliver()
    assert late(mailbox.sent[0]) == 4


def test_two_senders_of_one_page_that_waited_are_not_two_pages(alarm, deliver, mailbox, pass_time):
    """A worker died while sending, then everything was down: its page is replaced, not sent beside the new one."""
    ladder = Ladder.objects.get()
    ladder.steps = ladder.steps[:1]
    ladder.save()
    alarm()
    Page.objects.update(state="claimed", attempt=1, lease_until=clock.now())
    pass_time(48 * 60)
    services.advance_due()
    deliver()
    assert [message.to for message in mailbox.sent].count("clin@clinic.test") == 1
