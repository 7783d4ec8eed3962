"""What a lint can say about a form: one rule per code, each with what is wrong and how to mend it.

The invariants que-1 to que-13 are those of the FHIR R4 (4.0.1) Questionnaire resource; que-12's published expression
says "> 2", its sentence "more than one", and the sentence is what counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Level = Literal["error", "warning", "portable"]


@dataclass(frozen=True, slots=True)
class Lint:
    """A finding about a form. `path` is FHIR's (Questionnaire.item[0].enableWhen[1]); `fix` says how to mend it."""

    severity: Literal["error", "warning"]
    code: str
    path: str
    message: str
    fix: str


class Rule(NamedTuple):
    """A `portable` rule keeps a form's meaning the same in every engine: a warning in a foreign form, error in ours."""

    level: Level
    message: str
    fix: str


class DefinitionError(ValueError):
    """The form can't be used; `findings` say why."""

    def __init__(self, findings: tuple[Lint, ...]) -> None:
        super().__init__("; ".join(f"{finding.path}: {finding.message}" for finding in findings))
        self.findings = findings


class Findings:
    """Collects findings while a form is read; `ours` holds the form to the stricter rules of our own library."""

    def __init__(self, *, ours: bool = False) -> None:
        self._ours = ours
        self._found: dict[Lint, None] = {}  # ordered, each finding once

    def add(self, code: str, path: str, /, **words: object) -> None:
        rule = RULES[code]
        is_error = rule.level == "error" or (rule.level == "portable" and self._ours)
        shown = {name: _shown(word) for name, word in words.items()}
        finding = Lint(
            severity="error" if is_error else "warning",
            code=code,
            path=path,
            message=rule.message.format_map(shown),
            fix=rule.fix.format_map(shown),
        )
        self._found[finding] = None

    def all(self) -> tuple[Lint, ...]:
        return tuple(self._found)


def _shown(word: object) -> str:
    """Names out of a foreign file, made safe to print: no control characters or surrogates, no endless words."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(word)[:80])
    return (text if len(str(word)) <= 80 else text + "…") or "(none)"


RULES: Final[Mapping[str, Rule]] = {
    # The resource
    "not-an-object": Rule("error", "This is not a JSON object.", "Give the JSON of one Questionnaire."),
    "resource-type": Rule("error", "resourceType is not Questionnaire.", 'Set "resourceType": "Questionnaire".'),
    "status": Rule("error", "status is missing or unknown.", "Set status to draft, active, retired or unknown."),
    "name": Rule("warning", "The name can't be used by programs (que-0).", "Start with a capital, then letters only."),
    "malformed": Rule("error", "{name} should be {kind}.", "Give {name} as {kind}."),
    "unknown-property": Rule("portable", "R4 has no element {name} here.", "Check the spelling, or remove {name}."),
    "implicit-rules": Rule("error", "implicitRules change the meaning in a way unknown here.", "Remove implicitRules."),
    "modifier-extension": Rule(
        "error", "The modifier extension {name} is unknown, so the meaning is.", "Remove it, or use plain FHIR R4."
    ),
    "extension-unknown": Rule("error", "Candor has no extension {name}.", "Check the spelling of its URL."),
    "extension-value": Rule("error", "The extension {name} doesn't hold {kind}.", "Give it {kind}."),
    "impossible-date": Rule("error", "{name} is not a date that exists.", "Use YYYY-MM-DD and a real date."),
    "expression-not-evaluated": Rule(
        "warning", "The expression {name} is not evaluated here.", "Check by hand what the form does without it."
    ),
    # Items
    "link-id-missing": Rule("error", "The item has no linkId.", "Give it a linkId that no other item has."),
    "link-id-duplicate": Rule("error", "The linkId {name} is used twice (que-2).", "Give each item its own linkId."),
    "link-id-charset": Rule("error", "The linkId {name} can't name a form field.", "Use a-z, 0-9 and hyphens only."),
    "type-missing": Rule("error", "The item has no type.", "Set type to group, display or a question type."),
    "type-unknown": Rule("error", "R4 has no item type {name}.", "Use one of R4's item types."),
    "type-unsupported": Rule("portable", "Patients can't answer an item of type {name}.", "Use choice or string."),
    "group-empty": Rule("error", "A group must have nested items (que-1).", "Put items in it, or make it a display."),
    "display-children": Rule("error", "A display can't have nested items (que-1).", "Make it a group."),
    "display-code": Rule("error", "A display can't have a code (que-3).", "Remove code."),
    "display-required": Rule("error", "A display can't be required or repeat (que-6).", "Remove required and repeats."),
    "display-flag": Rule("warning", "A display has no required or repeats (que-6).", "Remove required and repeats."),
    "display-read-only": Rule("error", "A display can't be readOnly (que-9).", "Remove readOnly."),
    "group-answers": Rule("error", "A {type} takes no answer, so no options (que-5).", "Move them to a question."),
    "max-length-not-allowed": Rule(
        "error", "maxLength is only for simple types (que-10), not {type}.", "Remove maxLength."
    ),
    "extension-repeated": Rule("error", "The extension {name} can stand here only once.", "Keep one of them."),
    "limit-impossible": Rule("error", "With {name} {limit} no answer is possible.", "Give a limit that can be met."),
    "limit-not-allowed": Rule("portable", "{name} says nothing about a {type}.", "Remove it, or change the type."),
    "min-over-max": Rule("error", "The least {name} is more than the most.", "Swap or mend the two limits."),
    "min-occurs-not-required": Rule(
        "portable", "minOccurs is only for an item that is required and repeats.", "Set required and repeats to true."
    ),
    "max-occurs-not-repeating": Rule("portable", "maxOccurs is only for an item that repeats.", "Set repeats to true."),
    "regex-unusable": Rule(
        "portable", "The regular expression can't be checked safely, so it isn't.", "Use one without nested repeats."
    ),
    # Options and initial values
    "option-and-value-set": Rule(
        "error", "A question can't have both answerOption and answerValueSet (que-4).", "Keep one of them."
    ),
    "options-not-allowed": Rule("error", "A question of type {type} can't have options (que-5).", "Make it a choice."),
    "options-missing": Rule("error", "A choice without options can't be answered.", "Add answerOption."),
    "options-open": Rule("warning", "An open-choice without options is free text.", "Add answerOption, or use string."),
    "value-set-unknown": Rule(
        "error", "The value set {name} is not in this file.", "Contain it, or list answerOption."
    ),
    "value-set-external": Rule(
        "portable", "The options of {name} are not in this file, so answers can't be checked.", "Contain the value set."
    ),
    "option-value": Rule("error", "The option has no value, or an impossible one.", "Give it one value[x]."),
    "option-type": Rule(
        "error", "An option of type {name} doesn't fit a question of type {type}.", "Use the type of the item."
    ),
    "option-duplicate": Rule("portable", "The option {name} is listed twice.", "Remove one of them."),
    "exclusive-not-repeating": Rule(
        "warning", "optionExclusive only matters where the question repeats.", "Set repeats, or remove it."
    ),
    "coding-no-system": Rule(
        "portable", "The code {name} has no system.", "Add the system: codes are equal only with it."
    ),
    "initial-not-allowed": Rule("error", "A {type} can't have an initial value (que-8).", "Remove initial."),
    "initial-with-options": Rule(
        "error", "With answerOption there can be no initial (que-11).", "Use initialSelected on the option."
    ),
    "initial-repeats": Rule("error", "Only a repeating item has several initial values (que-13).", "Keep one."),
    "initial-value": Rule(
        "error", "The initial value doesn't fit a question of type {type}.", "Give a value of its type."
    ),
    # Conditions
    "enable-behavior-missing": Rule(
        "error", "Several conditions, and nothing says all or any (que-12).", "Set enableBehavior to all or any."
    ),
    "enable-behavior-unknown": Rule("error", "enableBehavior is neither all nor any.", "Set it to all or any."),
    "condition-target-unknown": Rule("error", "No item has the linkId {name}.", "Name the question that decides."),
    "condition-target-no-question": Rule("error", "{name} is a {type}: it is never answered.", "Name a question."),
    "condition-self": Rule("error", "The item depends on itself.", "Remove the condition."),
    "condition-cycle": Rule(
        "error", "Conditions or expressions go round in a circle: {name}.", "Break the circle at one item."
    ),
    "operator-unknown": Rule("error", "R4 has no operator {name}.", "Use exists, =, !=, >, <, >= or <=."),
    "operator-no-order": Rule("error", "Answers of type {type} have no order, so {name} never holds.", "Use = or !=."),
    "exists-not-boolean": Rule("error", "exists needs answerBoolean (que-7).", "Use answerBoolean true or false."),
    "condition-answer": Rule(
        "error", "The condition needs one answer[x] with a possible value.", "Give exactly one answer[x]."
    ),
    "condition-type": Rule(
        "error", "An answer of type {name} doesn't fit a question of type {type}.", "Use the type of the question."
    ),
    "condition-no-option": Rule("portable", "{name} has no such option: it never matches.", "Name one of its options."),
    "not-equals-optional": Rule(
        "portable",
        "!= on {name}, which may be unanswered or repeat: engines disagree.",
        "Make the source required and single, or list the answers with =.",
    ),
    "quantity-condition": Rule(
        "portable", "Engines compare quantities differently: some ignore the unit.", "Ask a number in a fixed unit."
    ),
    "date-unguarded": Rule(
        "portable", "Engines disagree about a date that isn't answered.", "Add exists = true on it, with all."
    ),
    "across-repeats": Rule(
        "portable", "{name} repeats on its own: every answer of it counts here.", "Put both in the same group."
    ),
    # Expressions
    "expression-invalid": Rule("error", "The expression can't be used. {name}", "Give FHIRPath that works here."),
    "expression-misplaced": Rule("error", "A {type} takes no answer, so none from an expression.", "Move it."),
    "expression-variable-unknown": Rule(
        "error", "Nothing here is called %{name}.", "Define the variable before it is used, on this item or around it."
    ),
    "expression-target-unknown": Rule("error", "No item has the linkId {name}.", "Name a question of this form."),
    "expression-self": Rule("error", "The expression depends on the item it stands on.", "Read other questions only."),
    "expression-launch": Rule(
        "error",
        "%{name} is only known when the form begins, so this would lose it.",
        "Copy what is needed into a hidden question with initialExpression, and read that.",
    ),
    "expression-open": Rule(
        "portable",
        "What the expression reads can't be seen, so neither can a circle.",
        "Name every question: item.where(linkId = '…').",
    ),
    "expression-clock": Rule(
        "portable",
        "The result changes with the clock: what is filed later can differ from what was submitted.",
        "Ask for the date, or take it once with initialExpression.",
    ),
    "variable-name": Rule("error", "A variable can't be called {name!r} here.", "Give it a name of its own."),
    "calculated-editable": Rule(
        "portable", "A calculated item isn't readOnly: other engines let it be typed over.", "Set readOnly to true."
    ),
    "initial-twice": Rule("portable", "There is initial and initialExpression: initial counts.", "Keep one of them."),
    "enable-when-twice": Rule(
        "portable", "There is enableWhen and enableWhenExpression: both must hold here.", "Keep one of them."
    ),
    # What stops a patient
    "required-hidden": Rule(
        "portable", "A required item is hidden: nobody can answer it.", "Show it, or don't require it."
    ),
    "required-unreachable": Rule(
        "portable", "The item is required, but its condition never holds.", "Mend the condition."
    ),
    "required-under-optional": Rule(
        "portable",
        "Whoever skips the question above is still asked this.",
        "Add a condition on the question above, or don't require it.",
    ),
    "translation-missing": Rule(
        "portable", "The text is missing in the language {name}.", "Add the translation extension for {name}."
    ),
    # Our own library
    "sud-outside-section": Rule(
        "error",
        "A substance-use item outside a section marked sud could be asked before the Part 2 consent.",
        "Move it into a top-level group with sensitivity sud.",
    ),
    "risk-no-question": Rule("portable", "Only a question can be a risk item.", "Mark the question."),
    "risk-hidden": Rule(
        "portable",
        "Nobody can answer a risk item that is hidden or readOnly.",
        "Show it: what isn't asked is never known.",
    ),
    "risk-optional": Rule("portable", "A risk item is optional.", "Set required to true."),
    "code-missing": Rule("error", "{name} is mapped to the chart but has no code.", "Add code."),
    "wording-differs": Rule(
        "error", "The wording of {name} is not the published one.", "Restore the published text, options included."
    ),
}
