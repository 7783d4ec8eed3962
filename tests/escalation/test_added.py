"""After somebody took an incident the patient may tell of more: whoever took it is paged to read it, at once."""

import re
import uuid

from test_delivery import staff

from core.channels.base import ChannelError
from escalation import selectors, services
from escalation.models import Incident, Page

MORE = {"key": "cssrs:q5:1", "code": "suicide-risk-high", "instrument": "c-ssrs"}
WORDS = re.compile(
    r"Alert (?P<code>[2-9A-Z]{8}), site S1: something was added since you took it\. "
    r"Sign in to read it: \S+/incidents/(?P=code)/\n"
)


def taken_by(user, alarm, deliver):
    incident = alarm()
    deliver()
    services.acknowledge(incident_id=incident.pk, **staff(user))
    deliver()
    incident.refresh_from_db()
    return incident


def added(mailbox):
    return [message for message in mailbox.sent if "added" in message.facts]


def test_whoever_took_it_is_paged_with_fixed_words_and_keeps_it(alarm, world, deliver, mailbox, recorded):
    before = taken_by(world.backup, alarm, deliver)
    alarm(**MORE)
    deliver()
    (message,) = added(mailbox)
    assert message.to == world.backup.email
    assert WORDS.fullmatch(message.body)
    assert message.subject == f"Alert {before.code}: something was added"
    after = Incident.objects.get()
    assert (after.state, after.due_at) == (Incident.State.ACKNOWLEDGED, before.due_at)
    assert recorded("incident.joined") == 1
    assert any(entry.by.endswith("for what was added") for entry in selectors.timeline(after))


def test_each_new_danger_pages_again_and_what_is_known_does_not(alarm, world, deliver, mailbox):
    taken_by(world.clinician, alarm, deliver)
    for key in ("cssrs:q3:1", "cssrs:q4:1", "cssrs:q4:1"):
        alarm(key=key)
        deliver()
    assert len(added(mailbox)) == 2


def test_one_that_still_waits_speaks_for_both(alarm, world, deliver, mailbox):
    taken_by(world.clinician, alarm, deliver)
    alarm(key="cssrs:q3:1")
    alarm(key="cssrs:q4:1")
    deliver()
    assert len(added(mailbox)) == 1


def test_while_nobody_has_it_the_ladder_says_it_all(alarm, deliver, mailbox):
    alarm()
    alarm(**MORE)
    deliver()
    assert len(mailbox.sent) == 1
    assert added(mailbox) == []


def test_what_waits_is_not_sent_after_the_outcome_or_once_paging_resumed(alarm, world, deliver, mailbox):
    incident = taken_by(world.clinician, alarm, deliver)
    alarm(**MORE)
    services.hand_over(incident_id=incident.pk, **staff(world.clinician))
    deliver()
    services.acknowledge(incident_id=incident.pk, **staff(world.backup))
    alarm(key="cssrs:q4:1")
    services.resolve(incident_id=incident.pk, kind="reached_safe", note="Called; safe.", **staff(world.backup))
    deliver()
    assert added(mailbox) == []


def test_when_no_way_to_them_works_the_ladder_goes_on_at_once(alarm, world, deliver, mailbox, paged):
    incident = taken_by(world.clinician, alarm, deliver)
    alarm(**MORE)
    mailbox.failure = ChannelError("address refused", permanent=True)
    deliver()
    mailbox.failure = None
    services.advance_due()
    deliver()
    incident.refresh_from_db()
    assert incident.state == Incident.State.NOTIFYING
    assert [message.to for message in mailbox.sent][-1] == world.backup.email


def test_whoever_took_it_and_has_left_is_not_waited_for(alarm, world, deliver, mailbox):
    incident = taken_by(world.clinician, alarm, deliver)
    world.clinician.is_active = False
    world.clinician.save()
    alarm(**MORE)
    deliver()
    services.advance_due()
    deliver()
    incident.refresh_from_db()
    assert incident.state == Incident.State.NOTIFYING
    assert mailbox.sent[-1].to == world.backup.email


def test_the_numbers_of_rounds_stay_the_ladders_own(alarm, world, deliver, pass_time):
    incident = taken_by(world.clinician, alarm, deliver)
    for number in range(3):
        alarm(key=f"cssrs:q{number}:1", packet=incident.source_ref)
        deliver()
    services.hand_over(incident_id=incident.pk, **staff(world.clinician))
    assert list(Page.objects.filter(kind="alert").order_by("round").values_list("round", flat=True).distinct()) == [
        1,
        2,
    ]


def test_another_patients_danger_tells_them_nothing_of_this_one(alarm, world, deliver, mailbox):
    taken_by(world.clinician, alarm, deliver)
    alarm(packet=uuid.uuid4())
    deliver()
    assert added(mailbox) == []
