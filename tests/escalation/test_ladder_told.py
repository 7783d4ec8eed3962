"""One person alone may change a ladder: the clinic's supervisors are told who did, by mail, once per change."""

import pytest
from django.db import DatabaseError, transaction
from personas import prove, signed_in

from audit.actions import Actor
from core.channels.base import ChannelError
from core.channels.memory import MemoryChannel
from core.models import Membership, User
from escalation import services
from escalation.models import LadderChange
from escalation.services import duty as planning


@pytest.fixture
def change(duty):
    prove(duty.clinic, duty.clinician, duty.backup)

    def set_ladder(seconds: int, by: User | None = None):
        actor = Actor.staff((by or duty.operator).id)
        steps = [{"name": "First", "level": "on_call", "wait_seconds": seconds}]
        return planning.set_ladder(clinic=duty.clinic, steps=steps, actor=actor)

    return set_ladder


def told():
    mail = MemoryChannel()
    return services.tell_supervisors(channels=lambda _name: mail), mail.sent


def test_the_supervisors_of_the_clinic_are_told_who_changed_it_each_time(duty, change):
    User.objects.filter(pk=duty.operator.pk).update(full_name="Ona O'Perator")
    Membership.objects.create(user=duty.stranger, clinic=duty.other_clinic, role="supervisor")
    change(60)
    change(60)  # said twice: no change
    count, sent = told()
    assert (count, [one.to for one in sent]) == (1, [duty.supervisor.email])
    assert sent[0].body.startswith("Ona O'Perator changed who is alerted, and after how long (")
    assert "/staff/paging/" in sent[0].body and duty.clinic.name not in sent[0].body
    page = signed_in(duty.supervisor).get("/staff/paging/").content.decode()
    assert "An alert goes to First at once." in page
    assert told() == (0, [])
    change(120)
    change(60)
    assert told()[0] == 2


def test_whoever_changed_it_and_a_seed_are_not_told_of_their_own(duty, change, caplog):
    change(60, by=duty.supervisor)
    assert told() == (1, [])
    assert "no other supervisor could be told" in caplog.text
    planning.set_ladder(
        clinic=duty.clinic,
        steps=[{"name": "Seed", "level": "backup", "wait_seconds": 60}],
        actor=Actor.system("seed"),
    )
    assert told() == (0, [])


def test_where_the_mail_server_is_away_the_row_waits_and_it_stays_as_it_was(duty, change):
    class Away(MemoryChannel):
        def deliver(self, message):
            raise ChannelError("TimeoutError", permanent=False)

    change(60)
    with pytest.raises(ChannelError):
        services.tell_supervisors(channels=lambda _name: Away())
    assert told()[0] == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        LadderChange.objects.update(user=duty.supervisor)
