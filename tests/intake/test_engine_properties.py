"""What holds for every form and every response, tried with hypothesis.

CANDOR_EXAMPLES=2000 tries each with that many examples instead of a hundred.
"""

import json
import os
import random
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from questionnaires import any_json, forms, mutated, responses

from intake.adapters.fhirpath import compile_expression
from intake.engine import begin, evaluate, fields, lint, merge, progress, sections
from intake.engine.findings import Findings
from intake.engine.parsing import read_form
from intake.engine.report import lines, report

EXAMPLES = settings(
    max_examples=int(os.environ.get("CANDOR_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
VECTORS = Path(__file__).parents[1] / "conformance"
KNOWN = [case for file in sorted(VECTORS.glob("*.json")) for case in json.loads(file.read_text())]


def tolerant(resource):
    return read_form(resource, Findings())


def shuffled(items, chance):
    """The same response, its items given in another order; instances of one group keep theirs."""
    order = {entry["linkId"]: chance.random() for entry in items}
    found = sorted(items, key=lambda entry: order[entry["linkId"]])
    return [{**entry, "item": shuffled(entry["item"], chance)} if "item" in entry else entry for entry in found]


@EXAMPLES
@given(st.data())
def test_the_order_of_answers_never_matters(data):
    resource = data.draw(forms(circles=True))
    items = data.draw(responses(resource))
    one = evaluate(tolerant(resource), items)
    other = evaluate(tolerant(resource), shuffled(items, random.Random(data.draw(st.integers()))))
    assert (one.enabled, one.missing, one.errors, one.dropped) == (
        other.enabled,
        other.missing,
        other.errors,
        other.dropped,
    )
    assert one.record == other.record


@EXAMPLES
@given(st.data())
def test_the_record_read_again_is_the_same_record(data):
    resource = data.draw(forms())
    form = tolerant(resource)
    first = evaluate(form, data.draw(responses(resource)))
    again = evaluate(form, first.record)
    assert again.record == first.record
    assert again.dropped == ()
    assert again.is_complete or not first.is_complete


@EXAMPLES
@given(st.data())
def test_accepted_means_that_nothing_enabled_and_required_is_unanswered(data):
    resource = data.draw(forms())
    found = evaluate(tolerant(resource), data.draw(responses(resource)))
    lacking = [
        key
        for key in found.enabled
        if found.places[key].item.is_question and found.places[key].item.required and not found.places[key].answers
    ]
    assert set(lacking) <= set(found.missing)
    assert all(found.places[key].item.required for key in found.missing)
    assert set(found.missing) <= {*found.enabled, *(place.key for place in found.places.values() if place.is_set)}


@EXAMPLES
@given(st.data())
def test_toggling_an_answer_away_and_back_restores_the_draft(data):
    resource = data.draw(forms())
    form = tolerant(resource)
    before = merge(form, data.draw(responses(resource)), {}).items
    answered = [
        node
        for node in all_fields(fields(form, before))
        if node.item.is_question and node.values and not (node.item.repeats and node.item.children)
    ]
    if not answered:
        return
    node = data.draw(st.sampled_from(answered))
    without = merge(form, before, {node.key: []}).items
    back = merge(form, without, {node.key: list(node.values)}).items
    assert evaluate(form, back).record == evaluate(form, before).record
    assert evaluate(form, back).dropped == evaluate(form, before).dropped


def all_fields(nodes):
    for node in nodes:
        yield node
        yield from all_fields(node.children)


@EXAMPLES
@given(st.data())
def test_what_is_in_something_disabled_is_disabled(data):
    resource = data.draw(forms(circles=True))
    form = tolerant(resource)
    found = evaluate(form, data.draw(responses(resource)))
    enabled = {found.places[key].item for key in found.enabled}
    assert all(above in enabled for item in enabled for above in form.ancestors(item))


@EXAMPLES
@given(st.data())
def test_posting_what_the_page_shows_changes_nothing(data):
    resource = data.draw(forms())
    form = tolerant(resource)
    draft = merge(form, data.draw(responses(resource)), {}).items
    shown = {node.key: node.values for node in all_fields(fields(form, draft)) if node.item.is_question}
    merged = merge(form, draft, shown)
    assert merged.problems == ()
    assert merged.items == draft


@EXAMPLES
@given(st.data())
def test_no_mutation_of_a_form_or_a_response_raises(data):
    case = data.draw(st.sampled_from(KNOWN))
    resource = data.draw(mutated(case["questionnaire"]))
    answers = data.draw(st.one_of(st.just(case["response"]), mutated(case["response"])))
    found = report(resource, answers, ours=data.draw(st.booleans()), compiler=compile_expression)
    json.dumps(found.content)
    assert lines(found)
    assert found.exit_code in (0, 1, 2)


@EXAMPLES
@given(resource=any_json, answers=any_json)
def test_any_json_is_answered(resource, answers):
    assert report(resource, answers).exit_code == 2
    assert lint(resource)


@EXAMPLES
@given(st.data())
def test_pages_of_mutated_forms_can_be_drawn_and_posted(data):
    case = data.draw(st.sampled_from(KNOWN))
    form = tolerant(data.draw(mutated(case["questionnaire"])))
    if form is None:
        return
    items = data.draw(mutated(case["response"])).get("item")
    draft = merge(form, items, data.draw(st.dictionaries(st.text(max_size=3), st.lists(st.text(max_size=3))))).items
    shown = list(all_fields(fields(form, draft)))
    posted = {node.key: data.draw(st.lists(st.text(max_size=9), max_size=2)) for node in shown[:5]}
    evaluation = evaluate(form, merge(form, draft, posted).items)
    progress(form, evaluation)
    assert sections(form) or not form.items
    assert isinstance(begin(form), list)
