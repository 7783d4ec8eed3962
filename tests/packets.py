"""A whole packet for tests: published texts and forms, an invitation, and answers that complete it."""

import uuid
from functools import cache

from django.db.models.functions import Now

import consents.services
import consents.services.sealing
from audit.actions import Actor
from consents.models import DocumentVersion
from consents.rendering.press import press
from consents.rules import document_files, parse, with_lines
from intake.models import FormRule, Step
from intake.rules import choosing
from intake.rules.helping import Help, sitting_of
from intake.services import packets, rules, submission

SEED = Actor.system("test")
LOINC = "http://loinc.org"
NOT_AT_ALL, SEVERAL, YES, NO = "LA6568-5", "LA6569-3", "LA33-6", "LA32-8"

ANSWERS = {
    "demographics": {
        "demo-given": ["Rosa"], "demo-family": ["Núñez"], "demo-sex": ["female"], "demo-language": ["en"],
        "demo-phone": ["(555) 010-0142"], "demo-voicemail": ["true"], "demo-has-address": ["false"],
        "demo-emergency-has": ["false"],
    },
    "insurance": {"ins-have": ["false"]},
    "presenting-concerns": {"con-reason": ["I can't sleep and I worry all day."]},
    "medical-history": {"hist-conditions": ["none"]},
    "allergies": {"all-any": ["716186003"]},
    "medications": {"med-any": [NO]},
    "social-needs": {"soc-housing": ["steady-home"], "soc-food": [NO], "soc-rides": [NO], "soc-safe": [YES]},
    "substance-use": {
        "sub-alcohol": ["alcohol-never"], "sub-tobacco": ["tobacco-never"], "sub-substances": ["cannabis"],
        "sub-medicine": ["false"], "sub-overdose-ever": [NO], "sub-quit-alcohol": ["quit-alcohol-none"],
        "sub-quit-benzo": ["quit-benzo-none"], "sub-naloxone": [YES],
    },
    "phq-9": {f"phq9-q{n}": [NOT_AT_ALL] for n in range(1, 10)},
    "gad-7": {f"gad7-q{n}": [NOT_AT_ALL] for n in range(1, 8)},
    "safety": {"safe-harm-others": [NO]},
    "dast-10": {f"dast10-q{n}": [NO] for n in range(1, 11)},
}  # fmt: skip
DOCUMENTS = ("privacy-notice", "treatment", "share-permission")
SUD = ("substance-use", "dast-10")


def publish(world, *, esign=False, notice=False) -> None:
    """Without `esign` the clinic has not put the page about signing on a screen in force, or takes it back; without
    `notice` the one about records under 42 CFR 2.22."""
    consents.services.install_documents(clinic=world.clinic, actor=SEED)
    for slug, wanted in {"esign": esign, "records-notice": notice}.items():
        texts = DocumentVersion.objects.filter(document__clinic=world.clinic, document__slug=slug, state="effective")
        if not wanted:
            texts.update(state="retired", retired_at=Now())
        elif not texts.exists():
            for source in document_files(("en", "es")):
                if source.slug == slug:
                    newer = parse(with_lines(source.text, version="1.1"), slug=slug)
                    consents.services.publish(clinic=world.clinic, source=newer, actor=SEED)
    for instrument in ("dast-10", "audit-c"):
        rules.confirm_right(clinic=world.clinic, instrument=instrument, by=world.operator)


def with_interpreter(world) -> None:
    """The clinic asks what it would ask anyway, and instruments without words in the packet's language too."""
    for number, rule in enumerate(choosing.DEFAULTS, start=1):
        FormRule.objects.create(
            clinic=world.clinic, form=rule.form, position=number, visit_types=sorted(rule.visit_types),
            every_days=rule.every_days, with_interpreter=True,
        )  # fmt: skip


def invite(world, language="en", *, esign=False, notice=False):
    publish(world, esign=esign, notice=notice)
    return packets.invite(
        patient=world.patient, program=world.program, site=world.site, language=language, invited_by=world.front_desk
    )


def sign(packet, slug, decision="signed", **changed):
    shown = consents.services.show(
        patient=packet.patient, program=packet.program, source_ref=packet.id, slug=slug, language="en",
        actor=Actor.patient(packet.patient_id),
    )  # fmt: skip
    packet.refresh_from_db(fields=["answered_by"])
    by_guardian = packet.answered_by == "guardian"
    details = {
        "capacity": "parent" if by_guardian else "self",
        "authority": "I am her mother" if by_guardian else "",
        "word": "garden" if slug == "esign" else "",
        "shown_sha256": shown.sha256,
        "signer_name": "Rosa Núñez" if decision == "signed" else "",
        "reason": "I would rather not" if decision == "refused" else "",
        "statements": [one for one, _ in shown.statements] if decision == "signed" else [],
        "evidence": {"identity_check": "link_and_birth_date"},
        "language": "en",
    }
    submission.sign(packet=packet, slug=slug, decision=decision, **{**details, **changed})


def see(packet, slug):
    """What only has to be shown was shown, and the patient went on."""
    shown = consents.services.show(
        patient=packet.patient, program=packet.program, source_ref=packet.id, slug=slug, language="en",
        actor=Actor.patient(packet.patient_id),
    )  # fmt: skip
    submission.go_on_from(packet=packet, slug=slug, shown_sha256=shown.sha256, language="en")


def help_by(packet, user):
    """As the session of a tablet on which this member of staff helps."""
    return Help(user.id, (sitting_of(packet.id, user.id),))


def answer(packet, slug, changes=None, key=None, helped=None):
    changes = ANSWERS[slug] if changes is None else changes
    return submission.save_answers(
        packet_id=packet.id,
        slug=slug,
        key=key or uuid.uuid4(),
        changes=changes,
        language="en",
        helped=helped,
    )


def asks_only(world, *forms) -> None:
    """The clinic's own rules: these forms and no other."""
    for number, form in enumerate(forms, start=1):
        FormRule.objects.create(clinic=world.clinic, form=form, position=number)


def complete(packet, *, declined=False, helped=None):
    """Everything signed and answered; with `declined`, the sharing permission is not."""
    for slug in DOCUMENTS:
        sign(packet, slug, "declined" if declined and slug == "share-permission" else "signed")
    asked = set(Step.objects.filter(packet=packet).values_list("slug", flat=True))
    for slug in ANSWERS:
        if slug in asked and not (declined and slug in SUD):
            answer(packet, slug, helped=helped)


@cache
def a_page() -> bytes:
    return press().pdf(style="", page="<html lang=en><title>Signed</title><p>Signed.")


def seal() -> None:
    """Every signature gets its PDF, the same page for all: what stands on one is tests/consents' affair."""
    consents.services.sealing.seal_due(render=lambda _sheet: a_page())
