"""Every priority that Candor proposes, for a clinician to sign; until then each is marked as waiting for it."""

from dataclasses import dataclass

from screening import instruments
from screening.rules import DECLINED, PAGING

ANY = ""  # of no instrument in particular


@dataclass(frozen=True, slots=True)
class Proposal:
    """`source` says where the condition comes from; that it has this priority is our proposal."""

    instrument: str
    name: str
    code: str
    urgency: str
    pages: bool
    source: str


PROPOSALS = (
    *(
        Proposal(key, one.name, flag.code, flag.priority, flag.code in PAGING, flag.source)
        for key, one in instruments.ASSESSED.items()
        for flag in one.flags
    ),
    Proposal(ANY, "Any", DECLINED, "medium", False, "a risk question that the patient would rather not answer"),
)
