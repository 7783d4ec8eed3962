"""A member of staff beside the patient at the clinic's tablet: what they get to see, and what stays closed to them."""

from dataclasses import dataclass
from uuid import UUID, uuid5


class BegunAlone(Exception):
    """The part was begun without whoever helps in this sitting: it is neither shown nor changed here."""


@dataclass(frozen=True)
class Help:
    """One sitting that began with a helper. `by` is who helps now, None since the patient went on alone.

    `sittings` are those whose answers may be seen in it; what is answered now belongs to the first.
    """

    by: UUID | None
    sittings: tuple[UUID, ...]


def sitting_of(packet_id: UUID, helper_id: UUID) -> UUID:
    """The same for each time that this person helps with these forms: what they wrote down is no secret to them."""
    return uuid5(packet_id, str(helper_id))


def is_closed(helped: Help | None, sitting: UUID | None) -> bool:
    """Whether a part that was begun stays closed. `sitting` is the one in which all of it was answered, if one was."""
    return helped is not None and sitting not in helped.sittings
