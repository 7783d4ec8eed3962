"""How a question of a form is drawn: which control, which keyboard, what the phone may fill in by itself."""

import re
import secrets

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from intake.engine import FieldNode
from intake.forms import danger_of, is_phone, understood
from screening import instruments

register = template.Library()
register.filter("understood", understood)

KEYBOARDS = {"integer": "numeric", "decimal": "decimal", "quantity": "decimal", "date": "numeric", "url": "url"}
# WCAG 1.3.5: what the phone knows about its owner need not be typed. Everything else is never remembered.
FILLED_BY_THE_PHONE = {
    "demo-given": "given-name",
    "demo-family": "family-name",
    "demo-preferred": "nickname",
    "demo-phone": "tel",
    "demo-email": "email",
    "demo-address-line": "street-address",
    "demo-city": "address-level2",
    "demo-state": "address-level1",
    "demo-zip": "postal-code",
}
PLAIN = {"display": "words", "boolean": "yes-no", "text": "area", "attachment": "photo"}
READ = ("date", "dateTime", "time", "integer", "decimal", "quantity")
MOST_STEPS = 21
MANY = 9  # more options than this are a list to open, not a page to scroll


@register.filter
def control(node: FieldNode) -> str:
    """The control of a node.

    group, set, words, fixed (only to be read), photo, picker, yes-no, radio, checks, scale, list, area or line.
    """
    item = node.item
    if item.type == "group":
        return "set" if node.is_set else "group"
    if item.is_question and item.read_only:
        return "fixed"
    if item.type in PLAIN:
        return PLAIN[item.type]
    if item.table:
        return "picker"
    if node.options:
        return _choice(node)
    if steps(node):
        return "scale"
    return "area" if item.control == "text-area" else "line"


def _choice(node: FieldNode) -> str:
    if node.item.repeats:
        return "checks"
    return "list" if node.item.control == "drop-down" or len(node.options) > MANY else "radio"


def steps(node: FieldNode) -> range:
    """The numbers of a slider that has few of them; empty for every other question.

    They are drawn as buttons: a slider that nobody moved still says a number, and a forced answer is a false one.
    """
    limits = node.item.constraints
    if (node.item.type, node.item.control) != ("integer", "slider") or not (limits.min_value and limits.max_value):
        return range(0)
    found = range(int(str(limits.min_value.content)), int(str(limits.max_value.content)) + 1)
    return found if len(found) <= MOST_STEPS else range(0)


@register.filter
def replies(node: FieldNode) -> list[tuple[str, str, bool, str]]:
    """What a question offers: value, words, whether it is chosen, and of what the form marks as dangerous, to whom."""
    if node.item.type == "boolean":
        words = (("true", gettext("Yes")), ("false", gettext("No")))
        return [(value, label, value in node.values, "") for value, label in words]
    if node.options:
        about = danger_of(node)
        return [(one.value, one.label, one.is_selected, about if one.option.risk else "") for one in node.options]
    return [(str(number), str(number), str(number) in node.values, "") for number in steps(node)]


@register.filter
def slots(node: FieldNode) -> list[str]:
    """What stands in each box of a typed question: where it repeats, one box more than there are answers."""
    most = node.item.constraints.max_occurs
    if not node.item.repeats:
        return list(node.values[:1]) or [""]
    has_room = most is None or len(node.values) < most
    return [*node.values, *([""] if has_room or not node.values else [])]


@register.filter
def is_short(node: FieldNode) -> bool:
    return is_read(node) or keyboard(node) == "numeric"


@register.filter
def is_read(node: FieldNode) -> bool:
    """Whether the page says how an answer was understood: what can be typed in many ways."""
    return node.item.type in READ or is_phone(node)


@register.filter
def foldable(words: str) -> SafeString:
    """With room for a new line behind each slash: they/them/their/theirs/themselves is one word to a browser."""
    return format_html_join(mark_safe("/<wbr>"), "{}", ((part,) for part in words.split("/")))


@register.filter
def said(node: FieldNode) -> str:
    """The answer as a person reads it."""
    if node.is_declined:
        return gettext("I’d rather not answer")
    if node.item.type == "attachment":
        return gettext("A photo was sent") if node.values else ""
    chosen = [label for _, label, is_chosen, _ in replies(node) if is_chosen]
    offered = {value for value, *_ in replies(node)}
    typed = node.understood or [value for value in node.values if value not in offered]
    return ", ".join([*chosen, *typed])


@register.filter
def number(node: FieldNode) -> int:
    """Which entry of its group it is, counted from one; 0 for what is no entry."""
    found = re.search(r"\[(\d+)\]$", node.key)
    return int(found[1]) + 1 if found else 0


@register.filter
def notice(slug: str) -> str:
    """What the owner of an instrument wants said beside its words; empty for our own forms."""
    instrument = instruments.behind(slug)
    return instrument.copyright if instrument else ""


@register.filter
def named(node: FieldNode) -> str:
    """What stands in a picker's box: the name of the term, else what was typed."""
    return next((option.label for option in node.options if option.is_selected), "") or own_words(node)


@register.filter
def own_words(node: FieldNode) -> str:
    """What was typed instead of choosing one of the options."""
    offered = {option.value for option in node.options}
    return next((value for value in node.values if value not in offered), "")


@register.filter
def keyboard(node: FieldNode) -> str:
    """The `inputmode` of a line, empty for ordinary letters."""
    filled = FILLED_BY_THE_PHONE.get(node.item.link_id, "")
    if filled in ("tel", "email"):
        return filled
    if filled == "postal-code" or is_phone(node):
        return "tel" if is_phone(node) else "numeric"
    return KEYBOARDS.get(node.item.type, "")


@register.filter
def filled_by(node: FieldNode) -> str:
    """The `autocomplete` of a field."""
    return FILLED_BY_THE_PHONE.get(node.item.link_id, "off")


@register.filter
def described_by(node: FieldNode) -> str:
    """Ids of the words that belong to the field: its help, then what is wrong with it."""
    hint = [f"h-{node.key}"] if node.help or node.placeholder else []
    return " ".join([*hint, f"e-{node.key}"])


@register.simple_tag
def new_client() -> str:
    """The id of a page as it is drawn: it says whose change an answer was, and nothing about anybody."""
    return secrets.token_urlsafe(9)
