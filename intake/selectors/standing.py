"""A packet as it stands for the patient: what is done, what is missing, how long the rest takes, a form's pages."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.apps import apps
from django.conf import settings

import consents.selectors
import consents.services
import escalation.selectors
from consents.policy import Kind
from intake import engine, policy
from intake.models import FormVersion, Packet, Response, Sensitivity, Step
from intake.rules.helping import BegunAlone, is_closed
from intake.selectors.starting import starting_items
from intake.selectors.terms import with_near

if TYPE_CHECKING:
    from intake.apps import IntakeConfig

SECONDS_FOR_A_DOCUMENT = 90  # to read and decide; our own estimate, like `engine.navigation.seconds_for`


@lru_cache(maxsize=128)
def _published(form_id: UUID) -> tuple[engine.Definition, str]:
    """A published form, parsed, and its hash; read once, because it never changes."""
    compiler = cast("IntakeConfig", apps.get_app_config("intake")).compiler
    form = FormVersion.objects.get(pk=form_id)
    return engine.parse(form.definition, compiler), form.sha256


def definition_of(form_id: UUID) -> engine.Definition:
    """A published form, parsed once."""
    return _published(form_id)[0]


def form_sha256(form_id: UUID) -> str:
    """Of a published form's definition, as it was published."""
    return _published(form_id)[1]


@dataclass(frozen=True)
class Missing:
    """One thing that stands between the packet and its submission; `key` is a field key, empty for a document.

    `why` of a document: "unsigned", "outdated" (signed in other words), or "second" (somebody else has still to sign);
    of a form that is closed to this sitting: "alone". `section` is the title of the form's section that it is in.
    """

    slug: str
    key: str
    label: str
    why: str
    section: str = ""


@dataclass(frozen=True)
class StepView:
    """`turn` is who has to decide on a document now: "whoever" answers the packet, the "patient", an "other" for them.

    `taken_back_at` is when the patient ended what they had signed; such a document waits again. `signed_id` is the
    signature that stands, `is_refused` that its receipt was not to be signed.

    `closed` says why it can't be decided on here: "esign" (signing on a screen comes first), "paper" (was chosen
    instead, first or later), "patient" (only the patient may sign it). It closes a locked form too, whose permission it
    is. `begun_alone`: begun without whoever helps in this sitting; `wants` says no more than that it isn't finished.
    """

    slug: str
    what: str
    title: str
    state: str
    locked: bool
    sensitive: bool
    wants: tuple[Missing, ...]
    seconds_left: int
    kind: str = ""
    must: str = ""
    turn: str = ""
    closed: str = ""
    taken_back_at: datetime | None = None
    signed_id: UUID | None = None
    is_refused: bool = False
    begun_alone: bool = False

    @property
    def missing(self) -> int:
        return len(self.wants)


@dataclass(frozen=True)
class FormView:
    slug: str
    title: str
    definition: engine.Definition
    items: Sequence[Mapping[str, Any]]
    fields: tuple[engine.FieldNode, ...]
    pages: tuple[engine.Page, ...]
    revision: int


@dataclass(frozen=True)
class _Standing:
    """A packet as it stands now, read once: six queries.

    `on_paper`: signing on a screen was agreed to and taken back.
    """

    rows: list[Step]
    titles: Mapping[str, str]
    decided: Mapping[tuple[str, str], "consents.selectors.DecisionRow"]  # by slug and who decided
    evaluations: Mapping[UUID, engine.Evaluation]  # by step, of the forms that are asked
    closed: frozenset[UUID]  # steps that were begun without whoever helps
    unlocked: bool
    on_paper: bool
    answered_by: str

    def title(self, step: Step, language: str) -> str:
        if step.form_id is None:
            return self.titles.get(step.slug, step.slug)
        return definition_of(step.form_id).title_in(language)


def _standing(packet: Packet, language: str) -> _Standing:
    rows = list(Step.objects.filter(packet=packet).order_by("position"))
    unlocked = consents.selectors.part2_signature(packet.patient_id, packet.id) is not None
    begun = list(Response.objects.filter(packet=packet).values_list("step_id", "answers", "sitting"))
    drafts = {step_id: answers for step_id, answers, _ in begun}
    open_rows = [step for step in rows if step.sensitivity == Sensitivity.NONE or unlocked]
    asked = {step.id: step.form_id for step in open_rows if step.form_id}
    return _Standing(
        rows=rows,
        titles=consents.selectors.titles(packet.clinic_id, language),
        decided=_by_signer(consents.selectors.decisions(packet.id)),
        evaluations={
            step_id: engine.evaluate(definition_of(form_id), drafts.get(step_id, []), language=language)
            for step_id, form_id in asked.items()
        },
        closed=frozenset(step_id for step_id, _, sitting in begun if is_closed(packet.helped, sitting)),
        unlocked=unlocked,
        on_paper=consents.selectors.is_screen_taken_back(packet.patient_id),
        answered_by=packet.answered_by,
    )


def _by_signer(
    decisions: Sequence["consents.selectors.DecisionRow"],
) -> dict[tuple[str, str], "consents.selectors.DecisionRow"]:
    """The latest decision on each document, of anybody and of each role."""
    return {
        (row.slug, role): row for row in decisions for role in ("whoever", consents.selectors.role_of(row.capacity))
    }


def steps(packet: Packet, language: str) -> tuple[StepView, ...]:
    """Every step in order, with what is still missing in it and about how long that takes."""
    now = _standing(packet, language)
    return tuple(
        StepView(
            slug=step.slug,
            what=step.what,
            title=now.title(step, language),
            state=_state(step, now),
            locked=step.sensitivity == Sensitivity.SUD and not now.unlocked,
            sensitive=step.sensitivity == Sensitivity.SUD,
            wants=_wants(step, now, language),
            seconds_left=_seconds_left(step, now),
            kind=step.consent_kind,
            must=step.must,
            turn=_open_turn(step, now)[0],
            closed=_closed(step, now),
            begun_alone=step.id in now.closed,
            **_decision(step, now),
        )
        for step in now.rows
    )


def _wants(step: Step, now: _Standing, language: str) -> tuple[Missing, ...]:
    found = tuple(_missing(step, now, language))
    return (Missing(step.slug, "", now.title(step, language), "alone"),) if found and step.id in now.closed else found


def _state(step: Step, now: _Standing) -> str:
    """As it was left; what was signed and has ended waits again, but for the agreement to sign on a screen, whose end
    is a choice of paper."""
    is_open = step.what == Step.What.CONSENT and step.consent_kind != Kind.ESIGN and step.state == Step.State.DONE
    return str(Step.State.WAITING) if is_open and _is_ended(step, now) else step.state


def _is_ended(step: Step, now: _Standing) -> bool:
    """Whether a role that has to sign had signed, and that has ended."""
    rows = [now.decided.get((step.slug, role)) for role in consents.selectors.turns(step.signer)]
    return any(row is not None and row.decision == "signed" and row.revoked for row in rows)


def _decision(step: Step, now: _Standing) -> dict[str, Any]:
    """What was decided last on a document, by anybody."""
    row = now.decided.get((step.slug, "whoever"))
    if row is None:
        return {}
    stands = row.decision == "signed" and not row.revoked
    return {
        "taken_back_at": row.taken_back_at,
        "signed_id": row.signature_id if stands else None,
        "is_refused": row.decision == "refused",
    }


def _seconds_left(step: Step, now: _Standing) -> int:
    """What is asked and not answered yet, required or not, unless the patient went on without it."""
    if step.form_id is None:
        return SECONDS_FOR_A_DOCUMENT if _undecided(step, now) else 0
    if step.state == Step.State.SKIPPED or step.id in now.closed:
        return 0
    evaluation = now.evaluations.get(step.id)
    if evaluation is None:  # locked until its permission is signed: that must not make the rest look longer
        return _seconds_of(step.form_id)
    if step.state == Step.State.DONE and evaluation.is_complete:
        return 0
    return sum(section.seconds_left for section in engine.progress(definition_of(step.form_id), evaluation))


@lru_cache(maxsize=128)
def _seconds_of(form_id: UUID) -> int:
    """A form that nobody has begun."""
    definition = definition_of(form_id)
    return sum(section.seconds_left for section in engine.progress(definition, engine.evaluate(definition, [])))


def missing(packet: Packet, language: str) -> tuple[Missing, ...]:
    """Everything required that is unanswered, unreadable, undecided or signed on an outdated text, in order.

    Substance-use sections are not asked for when the Part 2 permission was declined; while it is undecided,
    the permission itself is what is missing.
    """
    now = _standing(packet, language)
    return tuple(found for step in now.rows for found in _missing(step, now, language))


def _missing(step: Step, now: _Standing, language: str) -> Iterator[Missing]:
    if step.what == Step.What.CONSENT:
        why = _undecided(step, now)
        if why:
            yield Missing(step.slug, "", now.title(step, language), why)
    elif step.id in now.evaluations:
        yield from _unanswered(step, now.evaluations[step.id], language)


ACCEPTED = {"sign": ("signed",), "decide": ("signed", "declined"), "ack": ("signed", "refused")}
SETTLED = ("paper", "patient")  # not to be decided on in this packet at all


def _undecided(step: Step, now: _Standing) -> str:
    """Why a document is missing; "" when nothing more is asked of it here."""
    if step.must == "shown":
        return "unsigned" if step.state == Step.State.WAITING else ""
    return "" if _closed(step, now) in SETTLED else _open_turn(step, now)[1]


def _open_turn(step: Step, now: _Standing) -> tuple[str, str]:
    """Who has to decide now, and why; or who may still change their no, which is everybody's where it is taken."""
    if step.what != Step.What.CONSENT or step.must == "shown":
        return "", ""
    for number, role in enumerate(consents.selectors.turns(step.signer)):
        row = now.decided.get((step.slug, role))
        if row is None or row.revoked or row.decision not in ACCEPTED[step.must]:
            return role, "second" if number else "unsigned"
        if not row.current:
            return role, "outdated"
        if row.decision != "signed":
            return role, ""
    return "", ""


def _closed(step: Step, now: _Standing) -> str:
    if step.sensitivity == Sensitivity.SUD and not now.unlocked:
        permission = next((one for one in now.rows if one.consent_kind == Kind.PART2_TPO), None)
        return _closed(permission, now) if permission else ""
    if step.what != Step.What.CONSENT or step.must == "shown":
        return ""
    if step.consent_kind == Kind.ESIGN:
        row = now.decided.get((step.slug, "whoever"))
        return "paper" if row and row.decision == "signed" and row.revoked else ""
    esign = next((one.state for one in now.rows if one.consent_kind == Kind.ESIGN), Step.State.DONE)
    if esign != Step.State.DONE:
        return "paper" if esign == Step.State.DECLINED else "esign"
    if now.on_paper and (step.state != Step.State.DONE or _open_turn(step, now)[1]):
        return "paper"  # what was signed before stays signed
    only_patient = consents.selectors.turns(step.signer) == ("patient",)
    return "patient" if only_patient and now.answered_by == Packet.AnsweredBy.GUARDIAN else ""


def _unanswered(step: Step, evaluation: engine.Evaluation, language: str) -> Iterator[Missing]:
    """In the order of the form; what fits nowhere in it comes last, and belongs to the form as a whole."""
    assert step.form_id is not None
    definition = definition_of(step.form_id)
    keys = dict.fromkeys((error.key for error in evaluation.errors), "unreadable")
    keys |= dict.fromkeys(evaluation.missing, "unanswered")
    places = {key: evaluation.places[key] for key in keys if key in evaluation.places}
    for key, place in sorted(places.items(), key=lambda found: found[1].index):
        top = definition.section(place.item)
        section = top.text_in(language) if top.type == "group" else ""
        yield Missing(step.slug, key, place.item.text_in(language), keys[key], section)
    if keys.keys() - places.keys():
        yield Missing(step.slug, "", definition.title_in(language), "unreadable")


def form_view(packet: Packet, slug: str, language: str) -> FormView:
    """A form as it stands. Two queries. Raises Step.DoesNotExist, BegunAlone."""
    step = Step.objects.get(packet=packet, slug=slug, what=Step.What.FORM)
    assert step.form_id is not None
    response = Response.objects.filter(step=step).first()
    if response and is_closed(packet.helped, response.sitting):
        raise BegunAlone
    definition = definition_of(step.form_id)
    items = response.answers if response else starting_items(packet, definition)
    return drawn(packet, slug, definition, items, response.revision if response else 0, language)


def drawn(
    packet: Packet,
    slug: str,
    definition: engine.Definition,
    items: Sequence[Mapping[str, Any]],
    revision: int,
    language: str,
    problems: Sequence[engine.AnswerError] = (),
) -> FormView:
    """The form with these answers; `problems` are what of a save could not be kept."""
    zone = ZoneInfo(packet.clinic.time_zone)
    nodes = engine.fields(definition, items, language=language, problems=problems, zone=zone)
    nodes = with_near(nodes, language)
    title = definition.title_in(language)
    return FormView(slug, title, definition, items, nodes, engine.pages(definition, nodes), revision)


def who_sees(packet: Packet, page: engine.Page) -> policy.Readers:
    """Who will read what a page asks, by the permissions and consents as they are now. At most four queries."""
    sensitivity = page.section.sensitivity
    protected = policy.is_protected(sensitivity, whole_intake=packet.program.protects_whole_intake)
    return policy.readers(
        protected=protected,
        permitted=protected
        and consents.services.is_covered(
            patient_id=packet.patient_id,
            discloser=packet.program.legal_name,
            purpose="TREAT",
            categories=sorted(policy.categories(sensitivity)),
        ),
        told_of_danger=any(_is_dangerous(item) for item in page.section.everything())
        and escalation.selectors.is_anybody_on_duty(packet.clinic_id),
    )


def _is_dangerous(item: engine.Item) -> bool:
    return item.risk or any(option.risk for option in item.options)


def program_name(packet_id: UUID) -> str:
    """The legal name of the program that discloses, as consents name it; "" for what is no packet's. One query."""
    names = Packet.objects.filter(pk=packet_id).values_list("program__legal_name", flat=True)
    return names.first() or ""


def form_titles(packet_id: UUID, slug: str) -> dict[str, str]:
    """Language → title of the form of that name in the packet; empty where there is none. One query."""
    step = Step.objects.filter(packet=packet_id, slug=slug, form__isnull=False).first()
    if step is None or step.form_id is None:
        return {}
    definition = definition_of(step.form_id)
    return {language: definition.title_in(language) for language, _ in settings.LANGUAGES}


def protection(packet_id: UUID) -> tuple[bool, str]:
    """Whether its program protects the whole intake, and "sud" where it holds answers about substance use, else "none".

    Raises Packet.DoesNotExist.
    """
    packet = Packet.objects.select_related("program").get(pk=packet_id)
    tells = Response.objects.filter(packet=packet, sensitivity=Sensitivity.SUD).exists()
    return packet.program.protects_whole_intake, Sensitivity.SUD if tells else Sensitivity.NONE


def content(packet: Packet) -> str:
    """A digest of what the packet says now: each form's revision and each decision. Equal while nobody changes it."""
    responses = Response.objects.filter(packet=packet).order_by("id").values_list("id", "revision")
    decided = [(one.signature_id, one.revoked) for one in consents.selectors.decisions(packet.id)]
    said = [*((str(pk), revision) for pk, revision in responses), *((str(pk), revoked) for pk, revoked in decided)]
    return hashlib.sha256(repr(said).encode()).hexdigest()
