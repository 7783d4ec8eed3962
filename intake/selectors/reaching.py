"""How the patient of an incident is found and called: what they told in "About you", and the clinic's record."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.models import Patient
from intake import engine
from intake.models import Packet, Response
from intake.selectors import definition_of
from intake.selectors.respondents import helped_since, who_answered

Told = Mapping[str, str]
ADDRESS = ("demo-address-line", "demo-city", "demo-state", "demo-zip")
SOUGHT = {
    "Address": "address",
    "Emergency contact": "emergency contact",
    "Voice message": "whether a voice message is safe",
}
CONTACT = ("demo-emergency-name", "demo-emergency-relationship")


@dataclass(frozen=True)
class Fact:
    """One line of the card. `phone`: it can be called. `at`: when it was given, or the record last changed."""

    label: str
    value: str
    at: datetime | None = None
    phone: str = ""


def how_to_reach(patient: Patient, packet_id: UUID) -> tuple[Fact, ...]:
    """The most useful first; what nobody told is left out. Of an earlier packet, where this one doesn't ask for it.

    Raises UnreadableValue.
    """
    return tuple(fact for fact in (*_told(patient), *_recorded(patient, packet_id)) if fact.value or fact.phone)


def unknown(facts: Sequence[Fact]) -> tuple[str, ...]:
    """What a search for the patient would start with, and nobody told: said, so that nobody goes on looking for it."""
    known = {fact.label for fact in facts}
    return tuple(words for label, words in SOUGHT.items() if label not in known)


def _told(patient: Patient) -> Iterator[Fact]:
    forms = Response.objects.filter(packet__patient=patient, step__slug="demographics").select_related("step")
    response = forms.order_by("-saved_at").first()
    if response is None or response.step.form_id is None:
        return
    told = _texts(engine.evaluate(definition_of(response.step.form_id), response.answers).record)
    versions = [(row.history_date, _texts(row.answers)) for row in response.history.order_by("-history_id")]

    def given(*names: str) -> datetime | None:
        """Since when these answers are what they are."""
        since = None
        for at, then in versions:
            if any(then.get(name) != told.get(name) for name in names):
                break
            since = at
        return since

    yield Fact("Phone", "", given("demo-phone"), told.get("demo-phone", ""))
    if safe := told.get("demo-voicemail"):
        words = "safe to leave at this number" if safe == "yes" else "NOT safe to leave at this number"
        yield Fact("Voice message", words, given("demo-voicemail"))
    yield Fact("Address", ", ".join(told[name] for name in ADDRESS if name in told), given(*ADDRESS))
    yield Fact("Can usually be found", told.get("demo-whereabouts", ""), given("demo-whereabouts"))
    who, phone = ", ".join(told[name] for name in CONTACT if name in told), "demo-emergency-phone"
    yield Fact("Emergency contact", who, given(*CONTACT, phone), told.get(phone, ""))
    yield Fact("Speaks", told.get("demo-language", ""), given("demo-language"))


def _recorded(patient: Patient, packet_id: UUID) -> Iterator[Fact]:
    """What the clinic's record says; and who answers, where it is not the patient alone."""
    changed = patient.history.order_by("-history_id").values_list("history_date", flat=True).first()
    yield Fact("Phone on record", "", changed, patient.phone)
    packet = Packet.objects.filter(pk=packet_id).first()
    who = who_answered(packet) if packet else ""
    if packet and who != "the patient":
        yield Fact("Answered by", who, helped_since(packet.id) or packet.opened_at)


def _texts(items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """linkId → the answer as words, at any depth; of several the last."""
    found: dict[str, str] = {}
    for item in items:
        found |= _texts(item.get("item", ()))
        for answer in item.get("answer", ()):
            found |= {item["linkId"]: _words(answer)} | _texts(answer.get("item", ()))
    return found


def _words(answer: Mapping[str, Any]) -> str:
    if "valueBoolean" in answer:
        return "yes" if answer["valueBoolean"] else "no"
    if "valueCoding" in answer:
        return str(answer["valueCoding"].get("display") or answer["valueCoding"].get("code", ""))
    return str(answer.get("valueString", ""))
