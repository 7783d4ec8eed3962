"""The demo's other patients, each where an ordinary day leaves somebody. Invented, with names that say so.

Everything is done by the services that the pages call, so that its evidence, history and clocks are real too. A link
whose 72 hours are over would need a clock of our own; in its place one stands that was locked by wrong dates.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import consents.services
import core.services
import escalation.selectors
import escalation.services
from audit.actions import Actor
from config.demo.answers import AFTER, BEFORE, NO, NOT_AT_ALL, Answers
from core.models import Clinic, Patient, PatientQuerySet, Program, Site, User
from intake import selectors
from intake.services import packets, respondents, submission
from intake.services.packets import MAX_TRIES, Invitation

if TYPE_CHECKING:
    from intake.models import Packet

CALM: dict[str, Answers] = {
    **BEFORE,
    **AFTER,
    "allergies": {"all-any": "716186003"},
    "medications": {"med-any": NO},
    "phq-9": {f"phq9-q{n}": NOT_AT_ALL for n in range(1, 10)},
}


@dataclass(frozen=True)
class Stage:
    """Where it happens and who works there."""

    clinic: Clinic
    program: Program
    site: Site | None
    desk: User
    clinician: User


@dataclass(frozen=True)
class Person:
    mrn: str
    given: str
    family: str
    born: date
    happened: Callable[[Stage, Invitation, "Person"], None]
    language: str = "en"
    sex: str = "unknown"


def tell(stage: Stage) -> None:
    """Everybody's day, for those who are not there yet."""
    known = PatientQuerySet(Patient).filter(clinic=stage.clinic)
    for person in PEOPLE:
        if not known.matching(mrn=person.mrn).exists():
            person.happened(stage, _invited(stage, person), person)


def _invited(stage: Stage, person: Person) -> Invitation:
    patient = core.services.register_patient(
        clinic=stage.clinic,
        given_name=person.given,
        family_name=person.family,
        birth_date=person.born,
        actor=Actor.staff(stage.desk.id),
        sex=person.sex,
        mrn=person.mrn,
        language=person.language,
    )
    core.services.join_care_team(patient=patient, user=stage.clinician)
    return packets.invite(
        patient=patient, program=stage.program, site=stage.site, language=person.language, invited_by=stage.desk
    )


def _waits(stage: Stage, invitation: Invitation, person: Person) -> None:
    """Invited; the link was not opened yet."""


def _locked_out(stage: Stage, invitation: Invitation, person: Person) -> None:
    """Somebody typed the wrong date of birth five times: the desk has to make a new link."""
    for _ in range(MAX_TRIES):
        packets.open_packet(secret=invitation.token, birth_date=person.born + timedelta(days=1))


def _half_way(stage: Stage, invitation: Invitation, person: Person) -> None:
    """Signed, answered a few sections, and put the phone away."""
    packet = _opened(invitation, person)
    _sign(packet, _documents(packet), person)
    _answer(packet, {slug: CALM[slug] for slug in ("demographics", "insurance", "presenting-concerns")}, person)


def _sends(stage: Stage, invitation: Invitation, person: Person) -> None:
    """All done and sent: waits for a clinician's review."""
    packet = _opened(invitation, person)
    _sign(packet, _documents(packet), person)
    _answer(packet, CALM, person)
    _send(packet)


def _in_danger(stage: Stage, invitation: Invitation, person: Person) -> None:
    """Told of thoughts of being better off dead; the clinician took the page and said what was done."""
    packet = _opened(invitation, person)
    _sign(packet, _documents(packet), person)
    _answer(packet, {**CALM, "phq-9": BEFORE["phq-9"]}, person)
    (row,) = escalation.selectors.of_patient(packet.patient_id)
    who, actor = stage.clinician, Actor.staff(stage.clinician.id)
    escalation.services.acknowledge(incident_id=row.incident.id, user=who, actor=actor)
    escalation.services.resolve(
        incident_id=row.incident.id,
        user=who,
        kind="reached_safe",
        note="Called the patient: safe at home, not alone today. Safety plan agreed; visit tomorrow at 9.",
        actor=actor,
    )
    _send(packet)


def _in_spanish(stage: Stage, invitation: Invitation, person: Person) -> None:
    """Reads Spanish and has only looked. What has no published Spanish words is left out; the clinician reads what."""
    _opened(invitation, person)


def _by_a_guardian(stage: Stage, invitation: Invitation, person: Person) -> None:
    """A child, whose parent answers."""
    packet = _opened(invitation, person, guardian="Ira Mockup")
    _sign(packet, _documents(packet)[:2], person, guardian="Ira Mockup")
    _answer(packet, {"insurance": CALM["insurance"]}, person)


# Those who sent come first: their documents are the first to be sealed, and the chart gets what is sealed by then.
PEOPLE = (
    Person("MRN-1004", "Robin", "Sample", date(1994, 1, 19), _sends, sex="female"),
    Person("MRN-1005", "Riley", "Placeholder", date(1968, 9, 8), _in_danger, sex="male"),
    Person("MRN-1002", "Avery", "Example", date(1987, 11, 2), _waits),
    Person("MRN-1003", "Jordan", "Specimen", date(1979, 6, 30), _half_way, sex="male"),
    Person("MRN-1006", "Lucía", "Muestra", date(1983, 4, 12), _in_spanish, language="es", sex="female"),
    Person("MRN-1007", "Noor", "Mockup", date(2017, 5, 4), _by_a_guardian),
    Person("MRN-1008", "Quinn", "Facsimile", date(2001, 2, 27), _locked_out),
)


def _opened(invitation: Invitation, person: Person, *, guardian: str = "") -> "Packet":
    packet = packets.open_packet(secret=invitation.token, birth_date=person.born)
    assert packet is not None
    return respondents.answer_as(packet=packet, name=guardian, relationship="parent" if guardian else "")


def _documents(packet: "Packet") -> list[selectors.StepView]:
    return [step for step in selectors.steps(packet, packet.language) if step.what == "consent"]


def _sign(packet: "Packet", steps: Iterable[selectors.StepView], person: Person, *, guardian: str = "") -> None:
    """Or go on from it, where it only has to be shown."""
    for step in steps:
        slug = step.slug
        shown = consents.services.show(
            patient=packet.patient,
            program=packet.program,
            source_ref=packet.id,
            slug=slug,
            language=packet.language,
            actor=Actor.patient(packet.patient_id),
        )
        if step.must == "shown":
            submission.go_on_from(
                packet=packet, slug=slug, shown_sha256=shown.sha256, language=packet.language
            )  # fmt: skip
            continue
        submission.sign(
            packet=packet,
            slug=slug,
            shown_sha256=shown.sha256,
            decision="signed",
            signer_name=guardian or f"{person.given} {person.family}",
            capacity="parent" if guardian else "self",
            authority="I am the child's parent." if guardian else "",
            word="garden" if slug == "esign" else "",
            reason="",
            statements=[statement for statement, _ in shown.statements],
            evidence={"identity_check": "link_and_birth_date"},
            language=packet.language,
        )


def _answer(packet: "Packet", told: Mapping[str, Answers], person: Person) -> None:
    """One save for each form, then on to the next."""
    who = {"demo-given": person.given, "demo-family": person.family, "demo-sex": person.sex}
    phone = {"demo-phone": f"(555) 010-01{person.mrn[-2:]}"}
    for slug, answers in told.items():
        said = {**answers, **who, **phone} if slug == "demographics" else answers
        changes = {name: [value] if isinstance(value, str) else value for name, value in said.items()}
        submission.save_answers(packet_id=packet.id, slug=slug, key=uuid.uuid4(), changes=changes)
        submission.finish_step(packet=packet, slug=slug)


def _send(packet: "Packet") -> None:
    submission.submit(packet=packet, key=uuid.uuid4(), reviewed=selectors.content(packet))
