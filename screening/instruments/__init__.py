"""The screening instruments Candor knows, by their public names."""

from collections.abc import Mapping
from types import MappingProxyType

from screening.instruments.audit import AUDIT
from screening.instruments.auditc import AUDITC
from screening.instruments.base import Instrument
from screening.instruments.cssrs import CSSRS
from screening.instruments.dast10 import DAST10
from screening.instruments.gad2 import GAD2
from screening.instruments.gad7 import GAD7
from screening.instruments.pcptsd5 import PCPTSD5
from screening.instruments.phq2 import PHQ2
from screening.instruments.phq9 import PHQ9
from screening.instruments.questions import OWN_WORDS, QUESTIONS
from screening.instruments.wording import ENGLISH, SPANISH

REGISTRY: Mapping[str, Instrument] = MappingProxyType(
    {
        "phq-9": PHQ9,
        "phq-2": PHQ2,
        "gad-7": GAD7,
        "gad-2": GAD2,
        "dast-10": DAST10,
        "audit-c": AUDITC,
        "audit": AUDIT,
        "c-ssrs-screener": CSSRS,
        "pc-ptsd-5": PCPTSD5,
    }
)


# A form that asks one instrument first and, where that is positive, the rest of another.
STAGED: Mapping[str, str] = MappingProxyType({"phq-2-9": "phq-9"})


# The questions whose answer can find a risk of suicide, by linkId.
ABOUT_SUICIDE: frozenset[str] = frozenset(
    link_id
    for instrument in REGISTRY.values()
    for flag in instrument.flags
    if flag.code.startswith("suicide-")
    for link_id in ([flag.link_id] if flag.link_id else [item.link_id for item in instrument.items])
)


class UnknownInstrument(LookupError):
    """No instrument has this name; the message lists those that exist."""


# All that is assessed: the instruments, and our own questions whose Yes a human must hear of.
ASSESSED: Mapping[str, Instrument] = MappingProxyType({**REGISTRY, **QUESTIONS})
_NAMED: Mapping[str, Instrument] = MappingProxyType({**ASSESSED, OWN_WORDS.key: OWN_WORDS})


def get(key: str) -> Instrument:
    """The instrument with this public name, the question of our own or the own words. Raises UnknownInstrument."""
    try:
        return _NAMED[key]
    except KeyError:
        raise UnknownInstrument(f"There is no instrument {ascii(key)}. Choose one of: {', '.join(REGISTRY)}.") from None


def behind(form: str) -> Instrument | None:
    """The instrument whose words a form asks, by the form's slug; None for a form of our own."""
    return REGISTRY.get(STAGED.get(form, form))


def wordings(language: str = "en") -> Mapping[str, str]:
    """SHA-256 of each published text by linkId; empty for a language in which none was found."""
    return {"en": ENGLISH, "es": SPANISH}.get(language, MappingProxyType({}))


def answer_wordings() -> Mapping[str, Mapping[str, str]]:
    """The published English answers, code to text, by linkId."""
    items = (item for instrument in REGISTRY.values() for item in instrument.items)
    return {item.link_id: {option.code: option.text for option in item.options} for item in items}
