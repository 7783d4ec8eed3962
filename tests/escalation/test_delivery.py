"""Pages go out at least once, with the same code, and stop when somebody has answered."""

from datetime import timedelta

import pytest

from audit.actions import Actor
from audit.models import Event
from core import clock
from core.channels.base import ChannelError
from core.channels.memory import MemoryChannel
from core.channels.registry import channel_for
from escalation import services
from escalation.models import Incident, Page, Shift


class Killed(BaseException):
    """The process ends here."""


class DeadlyChannel(MemoryChannel):
    """The message goes out, and then the sender dies."""

    def deliver(self, message):
        super().deliver(message)
        raise Killed


class SlowChannel(MemoryChannel):
    """While the message is being sent, the lease runs out and a twin does the work."""

    def __init__(self, meanwhile):
        super().__init__()
        self.meanwhile = meanwhile

    def deliver(self, message):
        self.meanwhile()
        return super().deliver(message)


def staff(user):
    return {"user": user, "actor": Actor.staff(user.id)}


def page():
    return Page.objects.get()


def test_a_page_is_delivered_once_and_says_so(alarm, deliver, mailbox, recorded):
    incident = alarm()
    assert deliver() == 1
    assert deliver() == 0
    assert [(one.to, one.reference) for one in mailbox.sent] == [("clin@clinic.test", incident.code)]
    assert (page().state, page().attempt, page().lease_until) == ("delivered", 1, None)
    assert timedelta(0) <= clock.now() - page().accepted_at < timedelta(seconds=30)
    assert recorded("page.delivered") == 1


def test_a_page_is_not_sent_before_its_time(alarm, deliver):
    alarm()
    Page.objects.update(due_at=clock.now() + timedelta(seconds=30))
    assert deliver() == 0
    assert page().state == "pending"


def test_the_limit_holds_and_the_rest_stays_due(alarm, mailbox, world):
    for number in range(3):
        alarm(packet=[world.clinic.id, world.site.id, world.patient.id][number])
    assert services.deliver_due(limit=2, channels=lambda _name: mailbox) == 2
    assert services.deliver_due(limit=2, channels=lambda _name: mailbox) == 1


def test_a_call_that_has_taken_long_takes_up_no_more_and_the_rest_stays_due(alarm, mailbox, world, settings):
    """Slow providers would hold up the ladder behind them, and a worker's time limit would end it in the middle."""
    settings.TURN_SECONDS = 0
    for number in range(3):
        alarm(packet=[world.clinic.id, world.site.id, world.patient.id][number])
    assert [services.deliver_due(channels=lambda _name: mailbox) for _ in range(4)] == [1, 1, 1, 0]


def test_a_failure_for_now_is_tried_again_later_for_ever(alarm, deliver, mailbox, pass_time, recorded):
    alarm()
    mailbox.failure = ChannelError("server said 451", permanent=False)
    for attempt in range(1, 9):
        assert deliver() == 0
        assert (page().state, page().attempt, page().last_error) == ("retry", attempt, "server said 451")
        assert deliver() == 0
        assert page().attempt == attempt
        pass_time(61)
    mailbox.failure = None
    assert deliver() == 1
    assert (page().state, page().last_error) == ("delivered", "")
    assert (recorded("page.failed"), recorded("page.delivered")) == (8, 1)


def test_a_failure_for_good_goes_up_the_ladder_at_once(alarm, deliver, mailbox, paged, caplog):
    incident = alarm()
    mailbox.failure = ChannelError("address refused", permanent=True)
    deliver()
    assert (page().state, page().last_error) == ("dead", "address refused")
    assert "can be reached" in caplog.text
    assert services.advance_due() == 1
    assert paged() == ["Casey", "Blake"]
    mailbox.failure = None
    assert deliver() == 1
    assert Incident.objects.get(pk=incident.pk).due_at > clock.now()


def test_when_the_last_step_reaches_nobody_everyone_is_told_and_then_the_interval_holds(
    alarm, deliver, mailbox, paged, pass_time
):
    alarm()
    mailbox.failure = ChannelError("address refused", permanent=True)
    for _ in range(2):
        deliver()
        assert services.advance_due() == 1
    assert paged() == ["Casey", "Blake", "Blake", "Casey", "Sam"]
    deliver()
    assert services.advance_due() == 0
    pass_time(121)
    assert services.advance_due() == 1
    assert paged()[5:] == ["Blake", "Casey", "Sam"]


def test_one_dead_page_of_two_does_not_hurry_the_ladder(alarm, world, deliver, mailbox):
    Shift.objects.create(
        clinic=world.clinic, user=world.supervisor, level="on_call", starts_at=clock.now() - timedelta(hours=1)
    )
    world.clinician.email = "not an address"
    world.clinician.save()
    alarm()
    assert deliver() == 1
    assert set(Page.objects.values_list("user__full_name", "state", "last_error")) == {
        ("Casey Clinician", "dead", "no usable address"),
        ("Sam Supervisor", "delivered", ""),
    }
    assert services.advance_due() == 0


def test_somebody_deactivated_since_the_step_is_not_written_to(alarm, world, deliver, mailbox):
    alarm()
    world.clinician.is_active = False
    world.clinician.save()
    assert deliver() == 0
    assert (page().state, page().last_error, mailbox.sent) == ("dead", "person inactive", [])


def test_an_unknown_channel_is_a_dead_page_and_not_a_crash(alarm):
    alarm()
    Page.objects.update(channel="pigeon")
    assert services.deliver_due() == 0
    assert (page().state, page().last_error) == ("dead", "no such channel")
    with pytest.raises(ChannelError):
        channel_for("pigeon")


@pytest.mark.parametrize("state", ["pending", "retry"])
def test_a_page_is_not_sent_once_somebody_has_answered(alarm, world, deliver, mailbox, state, recorded):
    incident = alarm()
    Page.objects.update(state=state)
    services.acknowledge(incident_id=incident.pk, **staff(world.clinician))
    assert deliver() == 0
    assert (page().state, page().last_error, mailbox.sent) == ("dead", "answered", [])
    assert recorded("page.failed") == recorded("page.delivered") == 0


def test_a_page_of_a_resolved_incident_is_not_sent(alarm, world, deliver, mailbox):
    incident = alarm()
    services.resolve(incident_id=incident.pk, kind="reached_safe", note="She is safe.", **staff(world.clinician))
    deliver()
    assert (page().state, page().last_error, mailbox.sent) == ("dead", "answered", [])


def test_a_page_in_flight_when_somebody_answers_is_recorded_as_delivered(alarm, world):
    incident = alarm()
    slow = SlowChannel(lambda: services.acknowledge(incident_id=incident.pk, **staff(world.clinician)))
    assert services.deliver_due(channels=lambda _name: slow) == 1
    assert page().state == "delivered"


def test_a_crash_while_sending_repeats_the_page_with_the_same_code_when_the_lease_ends(
    alarm, deliver, mailbox, pass_time
):
    incident = alarm()
    deadly = DeadlyChannel()
    with pytest.raises(Killed):
        services.deliver_due(channels=lambda _name: deadly)
    assert page().state == "claimed"
    assert deliver() == 0
    pass_time(31)
    assert deliver() == 1
    assert [one.reference for one in deadly.sent + mailbox.sent] == [incident.code, incident.code]
    assert page().attempt == 2


def test_a_crash_while_sending_is_not_repeated_once_somebody_has_answered(alarm, world, deliver, mailbox, pass_time):
    incident = alarm()
    with pytest.raises(Killed):
        services.deliver_due(channels=lambda _name: DeadlyChannel())
    services.acknowledge(incident_id=incident.pk, **staff(world.clinician))
    pass_time(31)
    assert deliver() == 0
    assert (page().state, mailbox.sent) == ("dead", [])


def test_a_slow_sender_cannot_overwrite_what_its_twin_did(alarm, deliver, mailbox, pass_time):
    alarm()

    def twin():
        pass_time(31)
        mailbox.failure = ChannelError("server said 451", permanent=False)
        deliver()

    services.deliver_due(limit=1, channels=lambda _name: SlowChannel(twin))
    assert (page().state, page().attempt) == ("retry", 2)
    contexts = [event.context for event in Event.objects.filter(action="page.delivered")]
    assert len(contexts) == 1
    assert '"fenced":true' in contexts[0]


def test_a_slow_senders_failure_does_not_undo_its_twins_delivery(alarm, deliver, pass_time, paged):
    alarm()

    class Failing(SlowChannel):
        def deliver(self, message):
            self.meanwhile()
            raise ChannelError("address refused", permanent=True)

    def twin():
        pass_time(31)
        assert deliver() == 1

    services.deliver_due(limit=1, channels=lambda _name: Failing(twin))
    assert (page().state, page().attempt) == ("delivered", 2)
    assert services.advance_due() == 0
    assert paged() == ["Casey"]


def test_a_failure_of_an_older_step_does_not_hurry_the_present_one(alarm, pass_time, paged):
    alarm()

    class Failing(SlowChannel):
        def deliver(self, message):
            self.meanwhile()
            raise ChannelError("address refused", permanent=True)

    def next_step():
        pass_time(301)
        assert services.advance_due() == 1

    services.deliver_due(limit=1, channels=lambda _name: Failing(next_step))
    assert Page.objects.get(round=1).state == "dead"
    assert services.advance_due() == 0
    assert paged() == ["Casey", "Blake"]


@pytest.mark.parametrize("state", ["delivered", "dead", "unknown"])
def test_a_page_that_has_ended_is_never_claimed_again(alarm, deliver, state, mailbox):
    alarm()
    long_ago = clock.now() - timedelta(days=1)
    Page.objects.update(state=state, due_at=long_ago, lease_until=long_ago)
    assert deliver() == 0
    assert (page().state, page().attempt, mailbox.sent) == (state, 0, [])


def test_a_leased_page_is_left_to_its_sender(alarm, deliver):
    alarm()
    Page.objects.update(state="claimed", attempt=1, lease_until=clock.now() + timedelta(seconds=20))
    assert deliver() == 0
    assert page().attempt == 1
