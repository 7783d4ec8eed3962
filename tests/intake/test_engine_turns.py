"""One question at a time: nothing enabled is passed over, nothing disabled is asked, every way on has a way back."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from questionnaires import answer, candor, choice, coding, extension, form, forms, group, item, responses, when

from intake.engine import (
    add_instance,
    evaluate,
    fields,
    following,
    merge,
    minutes,
    page_at,
    pages,
    parse,
    preceding,
    progress,
    turn_at,
    turns,
)
from intake.engine.findings import Findings
from intake.engine.parsing import read_form

VECTORS = Path(__file__).parents[1] / "conformance"
KNOWN = [case for file in sorted(VECTORS.glob("*.json")) for case in json.loads(file.read_text())]
YES = {"answerBoolean": True}


def conversation(definition, items=()):
    return turns(pages(definition, fields(definition, list(items))))


def walked(definition, found):
    """The keys of the turns, by going on from the first one until there is none."""
    here, keys = next(iter(found), None), []
    while here is not None:
        keys.append(here.key)
        assert len(keys) <= len(found), "going on never ends"
        here = following(found, here.key)
    return keys


def shown(found):
    """Every place that some turn shows, in order: what is read first, then what is asked."""
    return [node.key for turn in found if turn.kind != "section" for node in (*turn.before, turn.node)]


def holds_together(definition, items):
    found = conversation(definition, items)
    state = evaluate(definition, items)
    enabled = {key for key in state.enabled if not state.places[key].item.hidden and not state.places[key].item.is_help}
    there = shown(found)
    assert len(there) == len(set(there)), "something is shown twice"
    questions = {key for key in enabled if state.places[key].item.is_question}
    assert questions <= set(there), "an enabled question is passed over"
    drawn = {node.key for node in every(fields(definition, items))}
    assert set(there) <= drawn, "something disabled is shown"
    keys = walked(definition, found)
    assert keys == [turn.key for turn in found]
    assert len(keys) == len(set(keys))
    for before, after in zip(keys, keys[1:], strict=False):
        back = preceding(found, after)
        assert back is not None
        assert back.key == before
    if found:
        assert all(turn_at(definition, found, key) is not None for key in (*keys, *drawn))


def every(nodes):
    return [one for node in nodes for one in (node, *every(node.children))]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_going_on_from_the_start_meets_every_enabled_question_once_and_ends(data):
    resource = data.draw(forms(circles=True))
    definition = read_form(resource, Findings())
    holds_together(definition, data.draw(responses(resource)))


@pytest.mark.parametrize("case", KNOWN, ids=lambda case: case["name"])
def test_the_same_for_every_conformance_vector(case):
    definition = read_form(case["questionnaire"], Findings())
    if definition is not None and len(definition.by_link_id) == len(definition.all_items):
        items = case["response"].get("item", [])
        holds_together(definition, items if isinstance(items, list) else [])


ENTRIES = form(
    item("about", "group", item("hello", "display"), item("any", "boolean"), item("fixed", readOnly=True), item("bye")),
    item("list", "group", item("name"), item("dose"), repeats=True, enableWhen=[when("any", "=", **YES)]),
    item("end", "group", item("last"), item("thanks", "display")),
)  # fmt: skip


def test_a_turn_says_what_is_to_be_read_first():
    definition = parse(ENTRIES)
    about, any_, bye, end, last, thanks = conversation(definition)
    assert (about.kind, about.key, about.node.label) == ("section", "about", "About about")
    assert (any_.kind, [node.key for node in any_.before]) == ("question", ["hello"])
    assert [node.key for node in bye.before] == ["fixed"]
    assert (end.kind, last.key) == ("section", "last")
    assert (thanks.kind, thanks.key, thanks.before) == ("words", "thanks", ())


def test_entries_come_one_after_the_other_and_then_whether_there_is_another():
    definition = parse(ENTRIES)
    draft = merge(definition, [], {"any": ["true"]}).items
    draft = add_instance(definition, add_instance(definition, draft, "list"), "list")
    found = [(turn.key, turn.kind) for turn in conversation(definition, draft)][3:8]
    assert found == [
        ("list[0].name", "question"),
        ("list[0].dose", "question"),
        ("list[1].name", "question"),
        ("list[1].dose", "question"),
        ("list", "set"),
    ]
    assert [group.key for group in conversation(definition, draft)[5].groups] == ["list[1]"]


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("list[1].dose", "list[1].dose"),
        ("list[1]", "list[1].name"),
        ("list[7].dose", "list"),  # removed, perhaps on another phone
        ("hello", "any"),
        ("thanks", "thanks"),
        ("nothing", "about"),
        ("", "about"),
    ],
)
def test_every_key_leads_somewhere(key, place):
    definition = parse(ENTRIES)
    draft = merge(definition, [], {"any": ["true"]}).items
    draft = add_instance(definition, add_instance(definition, draft, "list"), "list")
    found = turn_at(definition, conversation(definition, draft), key)
    assert found is not None
    assert found.key == place


def test_a_place_that_a_condition_took_away_leads_to_what_comes_next():
    definition = parse(ENTRIES)
    found = turn_at(definition, conversation(definition), "list[0].name")
    assert found is not None
    assert found.key == "end"
    page = page_at(definition, pages(definition, fields(definition, [])), "list[0].name")
    assert page is not None
    assert page.section.id == "end"


def test_a_question_that_an_answer_brings_up_further_ahead_is_asked_next():
    definition = parse(form(item("first", enableWhen=[when("b", "=", **YES)]), item("b", "boolean"), item("c")))
    before = {turn.key for turn in conversation(definition)}
    after = conversation(definition, merge(definition, [], {"b": ["true"]}).items)
    brought_up = following(after, "b", known=before)
    assert brought_up is not None
    assert brought_up.key == "first"
    onward = following(after, "b", known={turn.key for turn in after})
    assert onward is not None
    assert onward.key == "c"


def test_a_section_that_shows_nothing_is_no_page():
    hidden = [extension("questionnaire-hidden", valueBoolean=True)]
    definition = parse(
        form(
            item("a", "group", item("b", extension=hidden)),
            item("c", "group", item("d"), enableWhen=[when("f", "=", **YES)]),
            item("e", "group", item("f", "boolean")),
        )
    )
    assert [page.section.id for page in pages(definition, fields(definition, []))] == ["e"]
    assert pages(definition, ()) == ()


def test_time_left_counts_what_is_asked_and_not_yet_answered():
    asked = [
        item("a", "text"),
        choice("b", "x", "y"),
        item("g", "group", item("c"), enableWhen=[when("a", "exists", **YES)]),
    ]
    definition = parse(form(*asked, item("s", extension=[candor("sensitivity", valueCode="sensitive")])))

    def left(items):
        return sum(one.seconds_left for one in progress(definition, evaluate(definition, items)))

    nothing = left([])
    assert left([answer("b", coding("x"))]) < nothing
    assert left([answer("a", {"valueString": "x"})]) == nothing - 45 + 15  # c came, a went; words take no second
    assert left(merge(definition, [], {"s!declined": ["declined"]}).items) == nothing - 15
    everything = [
        answer("a", {"valueString": "x"}),
        answer("b", coding("x")),
        group("g", answer("c", {"valueString": "x"})),
    ]
    assert left([*everything, answer("s", {"valueString": "x"})]) == 0
    assert (minutes(0), minutes(1), minutes(60), minutes(61)) == (0, 1, 1, 2)
