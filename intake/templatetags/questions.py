"""How a question of a form is drawn: which control, which keyboard, what the phone may fill in by itself."""

from django import template

from intake.engine import FieldNode

register = template.Library()

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
MANY = 9  # more options than this are a list to open, not a page to scroll


@register.filter
def control(node: FieldNode) -> str:
    """The control of a node: group, set, text, yes-no, radio, checks, list, area or line."""
    item = node.item
    if item.type == "group":
        return "set" if item.repeats and not node.can_remove else "group"
    if item.type in ("display", "boolean", "text"):
        return {"display": "words", "boolean": "yes-no", "text": "area"}[item.type]
    if not node.options:
        return "area" if item.control == "text-area" else "line"
    if item.repeats:
        return "checks"
    return "list" if item.control == "drop-down" or len(node.options) > MANY else "radio"


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
    if filled == "postal-code" or node.item.link_id.endswith("-phone"):
        return "tel" if node.item.link_id.endswith("-phone") else "numeric"
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
