"""Which forms a packet asks for: rules, the patient's age, the program, the visit and what was answered lately.

The default rules are our proposal, kept short and humane; no published source gives these intervals.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Rule:
    """Ask `form` when all of it holds. Ages are whole years, both ends included; None is no limit.

    `program` "" and empty `visit_types` mean all. A rule of the program itself replaces the general one of that form.
    `every_days`: left out when the form was submitted within so many days. `with_interpreter`: an instrument without
    published words in the packet's language is asked all the same, because somebody will be there to interpret.
    """

    form: str
    min_age: int | None = None
    max_age: int | None = None
    program: str = ""
    visit_types: frozenset[str] = frozenset()
    every_days: int | None = None
    with_interpreter: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """Whom and what the packet is for. `days_since` says how many whole days ago each form was last submitted."""

    age: int
    program: str
    visit_type: str
    days_since: Mapping[str, int] = field(default_factory=dict)


FIRST, BY_VIDEO = frozenset({"new"}), frozenset({"telehealth"})
FIRST_OR_VIDEO = FIRST | BY_VIDEO

# What a clinic without rules of its own asks, in this order. AUDIT-C, the C-SSRS screener and PC-PTSD-5 are asked where
# a clinic's rule says so.
DEFAULTS = (
    Rule("demographics", every_days=180),
    Rule("insurance", every_days=180),
    Rule("telehealth-readiness", visit_types=BY_VIDEO, every_days=180),
    Rule("presenting-concerns", visit_types=FIRST_OR_VIDEO, every_days=14),
    Rule("medical-history", visit_types=FIRST_OR_VIDEO, every_days=180),
    Rule("allergies", every_days=90),
    Rule("medications", every_days=14),
    Rule("social-needs", visit_types=FIRST_OR_VIDEO, every_days=180),
    Rule("substance-use", visit_types=FIRST_OR_VIDEO, every_days=90),
    Rule("phq-9", every_days=14),
    Rule("gad-7", every_days=14),
    Rule("safety"),
    Rule("dast-10", visit_types=FIRST_OR_VIDEO, every_days=90),
)


def choose(
    rules: Sequence[Rule],
    visit: Visit,
    *,
    ages: Mapping[str, tuple[int, int | None]],
    withheld: Collection[str] = (),
    unspoken: Collection[str] = (),
) -> tuple[str, ...]:
    """The forms to ask, in the order of the rules, each once.

    `ages` are the ages an instrument may be used at, whatever a rule says; `withheld` forms are never asked (the
    clinic has not confirmed its right to use them); `unspoken` ones have no published words in the packet's language.
    """
    asked = [
        rule.form
        for rule in _in_force(rules, visit.program)
        if rule.form not in withheld
        and _within(visit.age, rule.min_age, rule.max_age)
        and _within(visit.age, *ages.get(rule.form, (None, None)))
        and (rule.with_interpreter or rule.form not in unspoken)
        and (not rule.visit_types or visit.visit_type in rule.visit_types)
        and not _is_recent(visit.days_since.get(rule.form), rule.every_days)
    ]
    return tuple(dict.fromkeys(asked))


def too_young_or_old(
    rules: Sequence[Rule], visit: Visit, *, ages: Mapping[str, tuple[int, int | None]]
) -> tuple[tuple[str, str], ...]:
    """The forms that a rule would ask and an instrument's own ages refuse, each once with the reason."""
    refused = {
        rule.form: f"It is for ages {_span(*ages[rule.form])}, and the patient was {visit.age} when invited."
        for rule in _in_force(rules, visit.program)
        if rule.form in ages
        and _within(visit.age, rule.min_age, rule.max_age)
        and (not rule.visit_types or visit.visit_type in rule.visit_types)
        and not _within(visit.age, *ages[rule.form])
    }
    return tuple(refused.items())


def _span(lowest: int, highest: int | None) -> str:
    return f"{lowest} and over" if highest is None else f"{lowest} to {highest}"


def whole_years(born: date, on: date) -> int:
    """The age in whole years; someone born on 29 February gets a year older on 1 March of other years."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _in_force(rules: Sequence[Rule], program: str) -> list[Rule]:
    own = {rule.form for rule in rules if rule.program and rule.program == program}
    return [rule for rule in rules if rule.program == program or (not rule.program and rule.form not in own)]


def _within(age: int, lowest: int | None, highest: int | None) -> bool:
    return (lowest is None or age >= lowest) and (highest is None or age <= highest)


def _is_recent(days: int | None, every: int | None) -> bool:
    return days is not None and every is not None and days <= every
