"""From drafts to what is sent."""

import json
from decimal import Decimal

import pytest
from finished_packet import AT, FINISHED, PACKET, SYSTEM

from ehr.mapping import wire
from ehr.mapping.bundle import bundle
from ehr.mapping.plan import plan
from ehr.mapping.references import UnresolvedReference, identified, resolve


def test_references_become_the_ids_that_the_chart_gave():
    resource = {"resourceType": "Observation", "subject": {"reference": "draft:patient"}, "note": [{"text": "draft:x"}]}
    resolved = resolve(resource, {"patient": "Patient/7"})
    assert resolved["subject"] == {"reference": "Patient/7"}
    assert resolved["note"] == [{"text": "draft:x"}]
    assert resource["subject"] == {"reference": "draft:patient"}


def test_a_reference_without_an_id_is_refused_by_name():
    with pytest.raises(UnresolvedReference) as caught:
        resolve({"derivedFrom": [{"reference": "draft:form:phq-9"}]}, {"patient": "Patient/7"})
    assert caught.value.field_key == "form:phq-9"


def test_a_reference_that_is_no_draft_is_left_alone():
    assert resolve({"a": {"reference": "Patient/1"}}, {}) == {"a": {"reference": "Patient/1"}}


def test_our_identifier_is_single_where_r4_has_one_and_first_where_it_has_many():
    ours = {"system": SYSTEM, "value": "v"}
    assert identified({"resourceType": "QuestionnaireResponse"}, SYSTEM, "v")["identifier"] == ours
    mrn = {"system": "urn:mrn", "value": "1"}
    patient = identified({"resourceType": "Patient", "identifier": [mrn]}, SYSTEM, "v")
    assert patient["identifier"] == [ours, mrn]


def test_the_bundle_is_complete_refers_within_itself_and_is_restricted_as_a_whole():
    drafts = plan(FINISHED, identifier_system=SYSTEM)
    made = bundle(drafts, packet_id=PACKET, system=SYSTEM, made_at=AT)
    assert made == bundle(drafts, packet_id=PACKET, system=SYSTEM, made_at=AT)
    assert len({entry["fullUrl"] for entry in made["entry"]}) == len(drafts)
    assert "draft:" not in json.dumps(made, default=str)
    assert made["meta"]["security"][0]["code"] == "R"
    plain = bundle(drafts[:1], packet_id=PACKET, system=SYSTEM, made_at=AT)
    assert plain["meta"]["security"][0]["code"] == "N"


def test_the_digits_of_a_decimal_survive_the_wire():
    body = wire.dumps({"value": Decimal("1.50"), "list": [1, 2.5, True, None, "ü\n"], "none": {}})
    assert body == '{"value":1.50,"list":[1,2.5,true,null,"ü\\n"],"none":{}}'.encode()
    assert str(wire.loads(body)["value"]) == "1.50"


@pytest.mark.parametrize("value", [Decimal("NaN"), float("inf")])
def test_a_number_that_is_none_is_refused(value):
    with pytest.raises(ValueError, match=r"finite|JSON"):
        wire.dumps({"value": value})


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 100_000, b'{"a": NaN}', b"\xff\xfe"])
def test_what_is_no_json_is_a_value_error(body):
    with pytest.raises(ValueError):  # noqa: PT011
        wire.loads(body)
