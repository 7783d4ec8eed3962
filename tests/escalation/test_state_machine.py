"""The life of an incident: every edge of `policy.MOVES` walked, every other refused, and drawn truly."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from audit.actions import Actor
from core import clock
from escalation import policy, services
from escalation.models import Incident
from escalation.services import transitions

DRAWING = Path(__file__).resolve().parents[2] / "docs" / "escalation.md"
STATES = tuple(Incident.State.values)


class Life:
    """An incident brought into any state, and what people and the clock do to it."""

    def __init__(self, alarm, user, pass_time):
        self.alarm, self.pass_time = alarm, pass_time
        self.who = {"user": user, "actor": Actor.staff(user.id)}

    def begin(self, state):
        self.pk = self.alarm().pk
        if state == "open":  # a state within the transaction that opens it; here as if it had been left so
            Incident.objects.filter(pk=self.pk).update(state="open")
        if state in ("acknowledged", "resolved"):
            self.acknowledge()
        if state == "resolved":
            self.document()
        assert self.state == state

    @property
    def state(self):
        return Incident.objects.get(pk=self.pk).state

    def acknowledge(self):
        assert services.acknowledge(incident_id=self.pk, **self.who).first

    def hand_over(self):
        services.hand_over(incident_id=self.pk, **self.who)

    def document(self, note="She is safe."):
        services.resolve(incident_id=self.pk, kind="reached_safe", note=note, **self.who)

    def try_in_vain(self):
        soon = clock.now() + timedelta(minutes=10)
        services.not_reached(incident_id=self.pk, note="No answer.", next_attempt_at=soon, **self.who)

    def wait(self):
        self.pass_time(2 * 3600)
        assert services.advance_due() == 1


@pytest.fixture
def life(alarm, world, pass_time):
    return Life(alarm, world.clinician, pass_time)


# Each edge with all that leads along it.
WALKS = {
    ("open", "notifying"): ["wait", "hand_over"],
    ("open", "acknowledged"): ["acknowledge"],
    ("notifying", "notifying"): ["wait", "hand_over"],
    ("notifying", "acknowledged"): ["acknowledge"],
    ("acknowledged", "acknowledged"): ["try_in_vain"],
    ("acknowledged", "notifying"): ["wait", "hand_over"],
    ("acknowledged", "resolved"): ["document"],
}


def test_every_edge_is_walked_here():
    assert set(WALKS) == policy.MOVES


@pytest.mark.parametrize(("edge", "deed"), [(edge, deed) for edge, deeds in WALKS.items() for deed in deeds])
def test_the_services_walk_the_edge(life, edge, deed):
    life.begin(edge[0])
    getattr(life, deed)()
    assert life.state == edge[1]


@pytest.mark.parametrize("edge", sorted({(a, b) for a in STATES for b in STATES} - policy.MOVES))
def test_every_other_edge_is_refused(life, edge):
    life.begin(edge[0])
    with pytest.raises(services.IllegalMove):
        transitions.move(transitions.locked(life.pk), Incident.State(edge[1]))
    assert life.state == edge[0]


@pytest.mark.parametrize("before", ["open", "notifying"])
def test_documenting_what_nobody_has_taken_takes_it_first(life, before):
    life.begin(before)
    life.document()
    states = Incident.objects.get(pk=life.pk).history.order_by("history_id").values_list("state", flat=True)
    assert list(states)[-2:] == ["acknowledged", "resolved"]


def test_nothing_leaves_a_resolved_incident(life, pass_time):
    life.begin("resolved")
    life.document()  # the same words of the same person: the button was pressed twice
    for deed in (life.hand_over, lambda: life.document("She is well."), life.try_in_vain):
        with pytest.raises(services.AlreadyResolved):
            deed()
    pass_time(10**6)
    assert services.advance_due() == 0
    assert life.state == "resolved"


def test_the_drawing_in_the_documentation_is_this_table():
    drawn = re.findall(r"^ +(\w+|\[\*\]) --> (\w+|\[\*\])", DRAWING.read_text(), re.MULTILINE)
    assert {edge for edge in drawn if "[*]" not in edge} == policy.MOVES
    assert [edge for edge in drawn if "[*]" in edge] == [("[*]", "open"), ("resolved", "[*]")]
