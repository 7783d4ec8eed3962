"""What the tests of consents share: other editions of the shipped texts, and a patient in front of a screen."""

import uuid
from dataclasses import dataclass, field, replace

from personas import World

import consents.services
from audit.actions import Actor
from consents.rules import DocumentSource, document_files, parse, with_lines

TEST = Actor.system("test")
LANGUAGES = ("en", "es")


def edition(
    name: str,
    version: str,
    *,
    language: str = "en",
    extra: str = "",
    drop: str = "",
    swap: tuple[str, str] = ("", ""),
    slug: str = "",
) -> DocumentSource:
    """The newest shipped text `name` as another version, changed as a test needs it."""
    *_, shipped = (one for one in document_files(LANGUAGES) if (one.slug, one.language) == (name, language))
    text = with_lines(shipped.text, version=version) + extra
    if drop:
        text = text.replace(drop, "")
    if swap[0]:
        text = text.replace(*swap)
    return parse(text, slug=slug or name)


@dataclass
class Screen:
    """What the patient's phone does: asks for a text, sends a decision on what it showed."""

    world: World
    packet: uuid.UUID = field(default_factory=uuid.uuid4)

    def another_packet(self) -> "Screen":
        return replace(self, packet=uuid.uuid4())

    def who(self, slug: str, language: str) -> dict:
        return {
            "patient": self.world.patient,
            "program": self.world.program,
            "source_ref": self.packet,
            "slug": slug,
            "language": language,
            "actor": Actor.patient(self.world.patient.id),
        }

    def show(self, slug: str, language: str = "en") -> consents.services.Shown:
        return consents.services.show(**self.who(slug, language))

    def decide(self, slug: str, decision: str = "signed", language: str = "en", shown=None, **changes):
        shown = shown or self.show(slug, language)
        given = {
            "shown_sha256": shown.sha256,
            "decision": decision,
            "signer_name": "Rosa Núñez",
            "reason": "I want to read it at home" if decision == "refused" else "",
            "statements": [name for name, _ in shown.statements],
            "evidence": {
                "identity_check": "link_and_birth_date",
                "ip": "203.0.113.7",
                "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X)",
            },
        }
        return consents.services.decide(**self.who(slug, language), **(given | changes))
