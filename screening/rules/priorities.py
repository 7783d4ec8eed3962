"""Every priority that Candor proposes, for a clinician to sign; until then each is marked as waiting for it."""

from dataclasses import dataclass

from screening import instruments
from screening.instruments.questions import OWN_WORDS
from screening.rules import DECLINED, PAGING, POSSIBLE

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
    *(
        Proposal(OWN_WORDS.key, OWN_WORDS.name, POSSIBLE, urgency, pages, source)
        for urgency, pages, source in (
            ("critical", True, "possible words of a plan, means, an attempt or a goodbye, as now (our own list)"),
            ("high", True, "other possible crisis words, as now (our own list)"),
            ("medium", False, "crisis words denied, long past, of somebody else, or of despair (our own list)"),
        )
    ),
)
