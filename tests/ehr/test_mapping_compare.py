"""Read-back: every leaf we sent is there and says the same; what the chart added does not matter."""

import copy
from decimal import Decimal

import pytest
from finished_packet import FINISHED, SYSTEM
from hypothesis import given
from hypothesis import strategies as st

from ehr.mapping.compare import differences
from ehr.mapping.plan import plan
from ehr.mapping.references import identified, resolve

DRAFTS = plan(FINISHED, identifier_system=SYSTEM)
IDS = {draft.field_key: f"{draft.resource_type}/{number}" for number, draft in enumerate(DRAFTS)}
SENT = [identified(resolve(draft.resource, IDS), SYSTEM, f"item-{n}") for n, draft in enumerate(DRAFTS)]
WHOSE_OWN = ("source", "profile", "tag")


def leaves(value, path=()):
    """Every path to a value that the comparison looks at."""
    if isinstance(value, dict):
        for name, child in value.items():
            if not (path == ("meta",) and name in WHOSE_OWN) and (*path, name) != ("text",):
                yield from leaves(child, (*path, name))
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from leaves(child, (*path, place))
    else:
        yield path


def at(value, path):
    for step in path:
        value = value[step]
    return value


def server_like(value):
    """What servers do: reorder lists, add elements of their own, write references in full."""
    if isinstance(value, dict):
        whole = {name: server_like(child) for name, child in value.items()}
        if isinstance(value.get("reference"), str):
            whole["reference"] = f"https://chart.example/fhir/{whole['reference']}/_history/1"
        return {**whole, "_added": {"id": "x"}}
    if isinstance(value, list):
        return [server_like(child) for child in reversed(value)] + (
            ["added"] if value and isinstance(value[0], str) else []
        )
    return value


sent_resources = st.sampled_from(SENT)


@given(sent_resources)
def test_a_resource_equals_itself(sent):
    assert differences(sent, copy.deepcopy(sent)) == ()


@given(sent_resources)
def test_what_the_server_owns_adds_or_reorders_is_no_difference(sent):
    found = server_like(sent)
    found |= {"id": "7", "text": {"status": "generated", "div": "<div/>"}}
    found["meta"] = {"versionId": "3", "lastUpdated": "2026-11-22T15:04:06Z", "security": found["meta"]["security"]}
    assert differences(sent, found) == ()


@given(sent_resources, st.data())
def test_any_single_leaf_that_is_lost_or_changed_is_found(sent, data):
    path = data.draw(st.sampled_from(list(leaves(sent))))
    found = copy.deepcopy(sent)
    parent, name = at(found, path[:-1]), path[-1]
    if data.draw(st.booleans()):
        del parent[name]
    else:
        value = parent[name]
        parent[name] = (
            not value if isinstance(value, bool) else value + 1 if isinstance(value, int | Decimal) else "changed"
        )
    assert differences(sent, found)


@given(sent_resources)
def test_differences_are_paths_and_never_values(sent):
    found = {"resourceType": sent["resourceType"]}
    said = " ".join(differences(sent, found))
    assert said.startswith(sent["resourceType"])
    assert not [word for word in ("Okafor", "hives", "several", "sertraline") if word in said]


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (Decimal("1.50"), Decimal("1.5")),
        (9, Decimal("9.0")),
        ("2026-11-22T15:04:05+00:00", "2026-11-22T15:04:05.000Z"),
        ("2026-11-22T10:04:05-05:00", "2026-11-22T15:04:05Z"),
    ],
)
def test_the_same_value_in_other_words_is_the_same(sent, found):
    assert differences({"resourceType": "X", "a": [sent]}, {"resourceType": "X", "a": [found]}) == ()


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (True, 1),
        (0, False),
        ("9", 9),
        ("2026-11-22T15:04:05Z", "2026-11-22T15:04:06Z"),
        ("2026-99-22T15:04:05Z", "2026-98-22T15:04:05Z"),
        ("2026-11-22", "2026-11-22T00:00:00Z"),
        ({"b": 1}, "b"),
        ([1, 1], [1]),
        (["a"], ["b"]),
        ("a", None),
    ],
)
def test_what_only_looks_alike_differs(sent, found):
    assert differences({"resourceType": "X", "a": sent}, {"resourceType": "X", "a": found})


def test_another_patient_is_a_difference_however_the_reference_is_written():
    sent = {"resourceType": "Observation", "subject": {"reference": "Patient/1"}}
    found = {"resourceType": "Observation", "subject": {"reference": "https://chart.example/fhir/Patient/11"}}
    assert differences(sent, found) == ("Observation.subject.reference",)


def test_a_dropped_security_label_is_a_difference():
    sent = next(one for one in SENT if len(one["meta"]["security"]) == 4)
    found = copy.deepcopy(sent)
    found["meta"]["security"].pop()
    assert differences(sent, found) == (f"{sent['resourceType']}.meta.security[3]",)


def test_an_element_that_holds_another_does_not_take_its_place():
    sent = {"resourceType": "X", "a": [{"x": 1}, {"x": 1, "y": 2}]}
    assert differences(sent, {"resourceType": "X", "a": [{"x": 1, "y": 2}, {"x": 1}]}) == ()


def test_another_type_is_a_difference():
    assert differences({"resourceType": "Patient"}, {"resourceType": "Person"}) == ("Patient",)
