"""Which photos an answer shows."""

from django import template

from intake.engine import Definition, FieldNode
from intake.services.photos import as_id

register = template.Library()


@register.filter
def photo_ids(node: FieldNode) -> list[str]:
    """The ids of the photos that stand there; an attachment of another kind has none."""
    found = []
    for value in node.values:
        try:
            found.append(str(as_id(value)))
        except ValueError:
            continue
    return found


@register.filter
def takes_photos(definition: Definition) -> bool:
    """Whether a page of this form may ask for a photo, now or because of an answer."""
    return any(item.type == "attachment" for item in definition.all_items)
