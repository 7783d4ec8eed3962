"""Which photos an answer shows."""

from django import template

from intake.engine import Definition, FieldNode
from intake.rules.photos import ids_in

register = template.Library()


@register.filter
def photo_ids(node: FieldNode) -> list[str]:
    """The ids of the photos that stand there."""
    return ids_in(node.values) if node.item.type == "attachment" else []


@register.filter
def takes_photos(definition: Definition) -> bool:
    """Whether a page of this form may ask for a photo, now or because of an answer."""
    return any(item.type == "attachment" for item in definition.all_items)
