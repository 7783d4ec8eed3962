"""What holds for every form and every response, tried with hypothesis: 2,000 examples each in `./run check`, 300 in a
plain run, CANDOR_EXAMPLES for another number. Each property also counts how often something interesting came up, so
that none holds for want of cases.

`Plain` reads the specification a second time, slowly and by recursion, and shares no code with the engine.
"""

import json
import os
import random
from collections import Counter
from functools import cached_property

from hypothesis import HealthCheck, given, settings
from questionnaires import SEEDS, any_json, any_response, copied, forms

from intake.engine import evaluate, fields, lint, merge
from intake.engine.findings import Findings
from intake.engine.parsing import read_form
from intake.engine.report import report

COUNT = int(os.environ.get("CANDOR_EXAMPLES", "300"))
EXAMPLES = settings(max_examples=COUNT, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(EXAMPLES, max_examples=min(COUNT, 500))  # where there is no form in it, so little to find


def tolerant(resource):
    return read_form(resource, Findings())


def often(seen, *names, least=0.04):
    """Each of these came up in so large a part of the examples, where they are enough to say so."""
    if seen["examples"] < 200:
        return
    rare = {name: seen[name] for name in names if seen[name] < least * seen["examples"]}
    assert not rare, f"{rare} of {seen['examples']}"


def shuffled(items, chance):
    """The same response, its items given in another order; instances of one group keep theirs."""
    order = {entry["linkId"]: chance.random() for entry in items}
    found = sorted(items, key=lambda entry: order[entry["linkId"]])
    return [{**entry, "item": shuffled(entry["item"], chance)} if "item" in entry else entry for entry in found]


class Plain:
    """One item at one place, read from JSON: what is asked, answered and lacking, by the words of the specification."""

    def __init__(self, item, entries, above):
        self.item, self.above = item, above
        self.is_set = item["type"] == "group" and bool(item.get("repeats"))
        if self.is_set:
            once = {**item, "repeats": False, "required": False, "enableWhen": []}
            self.below = [Plain(once, [entry], self) for entry in entries]
        else:
            inside = [each for entry in entries for each in entry.get("item", [])]
            self.below = plain_places(item.get("item", []), inside, self)
        given = [answer for entry in entries for answer in entry.get("answer", [])]
        self.answers = [answer for answer in given if next(iter(answer.values())) != " "]  # blank is no answer

    def everything(self):
        return [self, *(found for place in self.below for found in place.everything())]

    @cached_property
    def enabled(self):
        if self.above is not None and not self.above.enabled:
            return False
        conditions = [self.holds(condition) for condition in self.item.get("enableWhen", [])]
        return not conditions or (all if self.item["enableBehavior"] == "all" else any)(conditions)

    def holds(self, condition):
        answers = [next(iter(answer.values())) for answer in self.sees(condition["question"])]
        (wanted,) = (value for name, value in condition.items() if name.startswith("answer"))
        if condition["operator"] == "exists":
            return bool(answers) is wanted
        orders = [compared(answer, wanted) for answer in answers]
        wanted_orders = {"=": {0}, "!=": {0}, ">": {1}, "<": {-1}, ">=": {0, 1}, "<=": {0, -1}}
        is_met = any(order in wanted_orders[condition["operator"]] for order in orders)
        return not is_met if condition["operator"] == "!=" else is_met

    def sees(self, link_id):
        """The enabled answers to that question in the nearest place above that, by the form, has it."""
        place = self
        while link_id not in names(place.item):
            place = place.above
        found = [other for other in place.everything() if other.item["linkId"] == link_id and other.enabled]
        return [answer for other in found for answer in other.answers]

    @property
    def is_lacking(self):
        if not self.enabled or not self.item.get("required"):
            return False
        if self.item["type"] != "group":
            return not self.answers
        questions = [place for place in self.everything() if place.enabled and place.item["type"] != "group"]
        is_blank = not any(place.answers for place in questions)
        return is_blank if self.is_set else is_blank and bool(questions)

    def record(self):
        """The response items of the enabled part."""
        below = [entry for place in self.below for entry in place.record()]
        if not self.enabled or not (self.answers or below):
            return []
        if self.is_set:
            return below
        return [{"linkId": self.item["linkId"], **({"answer": self.answers} if self.answers else {"item": below})}]


def names(item):
    return {item["linkId"], *(name for child in item.get("item", []) for name in names(child))}


def plain_places(items, entries, above):
    return [Plain(item, [entry for entry in entries if entry["linkId"] == item["linkId"]], above) for item in items]


def plain(resource, items):
    """The whole form as one group that is always there."""
    return Plain({"linkId": "", "type": "group", "item": resource["item"]}, [{"item": items}], None)


def compared(a, b):
    """-1, 0 or 1; None where a date isn't known well enough."""
    if isinstance(a, dict):
        return 0 if a["code"] == b["code"] else None
    if isinstance(a, str) and a[:1].isdigit():
        shared = min(len(a), len(b))
        return (a[:shared] > b[:shared]) - (a[:shared] < b[:shared]) or (0 if len(a) == len(b) else None)
    return (a > b) - (a < b)


def test_what_is_asked_lacking_and_kept_is_what_a_plain_reading_says():
    """Accepted if and only if complete: nothing enabled and required is unanswered."""
    seen = Counter()

    @EXAMPLES
    @given(forms(), SEEDS)
    def check(resource, seed):
        items = any_response(resource, seed)
        found, expected = evaluate(tolerant(resource), items), plain(resource, items)
        places = expected.everything()[1:]
        asked = Counter(
            place.item["linkId"] for place in places if place.enabled and not (place.is_set and place.below)
        )
        assert Counter(found.places[key].item.link_id for key in found.enabled) == asked
        assert found.is_complete is not any(place.is_lacking for place in places)
        assert found.record == [entry for place in expected.below for entry in place.record()]
        seen.update(
            examples=1,
            complete=found.is_complete,
            incomplete=not found.is_complete,
            hidden=any(not place.enabled for place in places),
            dropped=bool(found.dropped),
            repeated=any(place.is_set and len(place.below) > 1 for place in places),
            required_and_hidden=any(place.item.get("required") and not place.enabled for place in places),
        )

    check()
    often(seen, "complete", "incomplete", "hidden", "dropped", "repeated", "required_and_hidden")


def test_the_order_of_answers_never_matters():
    seen = Counter()

    @EXAMPLES
    @given(forms(circles=True), SEEDS)
    def check(resource, seed):
        items = any_response(resource, seed)
        other_order = shuffled(items, random.Random(seed))
        one, other = (evaluate(tolerant(resource), each) for each in (items, other_order))
        for name in ("enabled", "missing", "errors", "dropped", "record"):
            assert getattr(one, name) == getattr(other, name)
        seen.update(examples=1, another_order=items != other_order, hidden=bool(one.dropped))

    check()
    often(seen, "another_order", "hidden")


def test_the_record_read_again_is_the_same_record():
    """QuestionnaireResponse → answers → QuestionnaireResponse is the identity on the enabled part."""
    seen = Counter()

    @EXAMPLES
    @given(forms(), SEEDS)
    def check(resource, seed):
        form = tolerant(resource)
        first = evaluate(form, any_response(resource, seed))
        again = evaluate(form, first.record)
        assert again.record == first.record
        assert again.dropped == ()
        assert again.is_complete or not first.is_complete
        shown = {node.key: node.values for node in all_fields(fields(form, first.record)) if node.item.is_question}
        written = merge(form, unanswered(first.record), shown).items
        assert evaluate(form, written).record == first.record
        seen.update(examples=1, with_answers=bool(first.record), with_dropped=bool(first.dropped))

    check()
    often(seen, "with_answers", "with_dropped")


def unanswered(items):
    return [
        {**{name: part for name, part in entry.items() if name != "answer"}, "item": unanswered(entry.get("item", []))}
        for entry in items
    ]


def test_toggling_an_answer_away_and_back_restores_the_draft():
    seen = Counter()

    @EXAMPLES
    @given(forms(), SEEDS)
    def check(resource, seed):
        form = tolerant(resource)
        draft = merge(form, any_response(resource, seed), {}).items
        before = evaluate(form, draft)
        answered = [node for node in all_fields(fields(form, draft)) if node.item.is_question and node.values]
        seen.update(examples=1)
        if not answered:
            return
        sources = {condition.question for item in form.all_items for condition in item.enable_when}
        deciding = [node for node in answered if node.item.link_id in sources]
        node = random.Random(seed).choice(deciding or answered)
        without = merge(form, draft, {node.key: []}).items
        back = merge(form, without, {node.key: list(node.values)}).items
        restored = evaluate(form, back)
        assert (restored.record, restored.dropped) == (before.record, before.dropped)
        between = evaluate(form, without)
        seen.update(toggled=1, hid_something=len(between.dropped) > len(before.dropped))
        seen.update(showed_something=len(between.enabled) > len(before.enabled))

    check()
    often(seen, "toggled", "hid_something", "showed_something", least=0.03)


def all_fields(nodes):
    for node in nodes:
        yield node
        yield from all_fields(node.children)


def test_circles_end_and_are_found():
    seen = Counter()

    @EXAMPLES
    @given(forms(circles=True), SEEDS)
    def check(resource, seed):
        form = tolerant(resource)
        found = evaluate(form, any_response(resource, seed))
        enabled = {found.places[key].item for key in found.enabled}
        assert all(above in enabled for item in enabled for above in form.ancestors(item))
        assert sorted(form.order) == list(range(len(form.all_items)))
        says = {one.code for one in lint(resource)} & {"condition-cycle", "condition-self"}
        assert bool(says) is has_circle(resource)
        seen.update(examples=1, circles=bool(says), sound=not says)

    check()
    often(seen, "circles", "sound")


def has_circle(resource):
    """Takes away what needs nothing, again and again; what is left over goes round."""
    needs = {}

    def walk(items, above):
        for item in items:
            needs[item["linkId"]] = {*above, *(condition["question"] for condition in item.get("enableWhen", []))}
            walk(item.get("item", []), [item["linkId"]])

    walk(resource["item"], [])
    while free := [name for name, needed in needs.items() if not needed & needs.keys()]:
        for name in free:
            del needs[name]
    return bool(needs)


def test_posting_what_the_page_shows_changes_nothing():
    seen = Counter()

    @EXAMPLES
    @given(forms(), SEEDS)
    def check(resource, seed):
        form = tolerant(resource)
        draft = merge(form, any_response(resource, seed), {}).items
        as_it_was = copied(draft)
        shown = {node.key: node.values for node in all_fields(fields(form, draft)) if node.item.is_question}
        merged = merge(form, draft, shown)
        assert merged.problems == ()
        assert merged.items == draft == as_it_was
        seen.update(examples=1, with_answers=any(shown.values()))

    check()
    often(seen, "with_answers", least=0.5)


@FEW
@given(resource=any_json, answers=any_json)
def test_any_json_is_answered(resource, answers):
    found = report(resource, answers)
    assert found.exit_code == 2
    assert json.loads(json.dumps(found.content))["lint"]
