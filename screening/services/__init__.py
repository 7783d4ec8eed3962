"""Score what a response holds, keep what was found, see to it that somebody looks, and measure again."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from uuid import UUID

import audit.services
from audit.actions import Action, Actor, Ref
from core.models import Patient
from screening import instruments, rules, scoring
from screening.instruments.base import Instrument, Sex
from screening.instruments.questions import OWN_WORDS
from screening.models import Finding, ScreeningResult
from screening.rules import clinic
from screening.selectors import NO_RULES, ClinicRules
from screening.services.deciding import (
    AlreadyApproved,
    InvalidRules,
    NoCredentials,
    NotAPriority,
    SameAuthor,
    approve_rules,
    draft_rules,
    sign_priority,
)
from screening.services.measuring import plan_measurement
from screening.services.reviewing import AlreadyReviewed, open_items, raise_overdue, review

__all__ = [
    "AlreadyApproved", "AlreadyReviewed", "Asked", "Found", "InvalidRules", "NoCredentials", "NotAPriority",
    "SameAuthor", "Told", "Weighed", "approve_rules", "asks", "draft_rules", "keep", "plan_measurement",
    "raise_overdue", "review", "sign_priority", "weigh",
]  # fmt: skip

_ASSESSED_ITEMS = frozenset(item.link_id for one in instruments.ASSESSED.values() for item in one.items)


@dataclass(frozen=True)
class Found:
    """A finding for whoever has to act on it. `key` is the same while the same answers give the same finding."""

    key: str
    instrument: str
    code: str
    urgency: str
    because: str
    pages: bool


@dataclass(frozen=True)
class Told:
    """What a response says: `answers` (linkId → answer code), and what the patient would rather not answer.

    `declined` are linkIds; `risk` are those of them that ask about danger. `written` is free text (linkId, text), in
    order; `by_other`: somebody else answers for the patient.
    """

    answers: Mapping[str, str]
    declined: frozenset[str] = frozenset()
    risk: frozenset[str] = frozenset()
    written: tuple[tuple[str, str], ...] = ()
    by_other: bool = False


@dataclass(frozen=True)
class Asked:
    """What was asked, and by which rules it is read: frozen into each result. Refs are ids, no keys upwards.

    `is_sensitive`: a substance-use section (42 CFR Part 2).
    """

    packet_ref: UUID | None = None
    form_ref: UUID | None = None
    form_sha256: str = ""
    is_sensitive: bool = False
    rules: ClinicRules = NO_RULES


@dataclass(frozen=True)
class Weighed:
    """What was found, and the results that are new: not stored until `keep` is called."""

    found: tuple[Found, ...]
    results: tuple[tuple[ScreeningResult, tuple[rules.Finding, ...]], ...]
    is_sensitive: bool = False


def asks(link_ids: Iterable[str]) -> bool:
    """Whether any of these questions is part of what is assessed."""
    return not _ASSESSED_ITEMS.isdisjoint(link_ids)


def weigh(
    *, patient_id: UUID, source_ref: UUID, revision: int, told: Told, asked: Asked = Asked(), is_first: bool = False
) -> Weighed:
    """Score every instrument of which something was answered or declined, and say what was found. Stores nothing.

    A result is new when it is complete, found something, was declined in part or replaces an earlier one; once per
    state of the answers. `is_first`: the response has no earlier one, which needn't be looked up then.
    Raises AnswersError.
    """
    found: list[Found] = []
    new: list[tuple[ScreeningResult, tuple[rules.Finding, ...]]] = []
    last = {} if is_first else _latest(source_ref)
    frozen = {
        "patient_id": patient_id,
        "source_ref": source_ref,
        "source_revision": revision,
        "packet_ref": asked.packet_ref,
        "form_ref": asked.form_ref,
        "form_sha256": asked.form_sha256,
    }
    for name, instrument in instruments.ASSESSED.items():
        own = scoring.answers_to(instrument, told.answers)
        declined = sorted(item.link_id for item in instrument.items if item.link_id in told.declined)
        if not own and not declined and name not in last:
            continue
        result = scoring.score(name, own, sex=_sex(instrument, patient_id))
        hits = (
            *rules.findings(name, result, own),
            *clinic.findings(asked.rules.rules, asked.rules.version, name, result, own),
            *rules.declined(name, told.risk.intersection(declined)),
        )
        row = ScreeningResult(
            **frozen,
            instrument=name,
            amends=last[name].id if name in last else None,
            answers=own,
            detail={**scoring.detail(result), "declined": declined, "rules": asked.rules.version},
        )
        is_worth_keeping = hits or declined or isinstance(result, scoring.Score)
        if _says_more(row, last[name]) if name in last else is_worth_keeping:
            new.append((row, hits))
        found += [
            Found(f"{name}:{hit.code}:{hit.because}", name, hit.code, hit.urgency, hit.because, hit.pages)
            for hit in hits
        ]
    possible = rules.in_own_words(told.written, by_other=told.by_other)
    found += [Found(f"{OWN_WORDS.key}:{key}", OWN_WORDS.key, **asdict(hit)) for key, hit in possible.items()]
    stood = last.get(OWN_WORDS.key)
    if possible.keys() - (stood.answers.keys() if stood else set()):
        new.append(_own_words(possible, stood, **frozen))
    return Weighed(tuple(found), tuple(new), asked.is_sensitive)


def _own_words(
    possible: Mapping[str, rules.Finding], stood: ScreeningResult | None, **frozen: object
) -> tuple[ScreeningResult, tuple[rules.Finding, ...]]:
    """The findings in free text as a row: those that stood before stay, whatever was deleted since."""
    earlier = {key: rules.Finding(**kept) for key, kept in stood.answers.items()} if stood else {}
    every = {**earlier, **possible}
    row = ScreeningResult(
        instrument=OWN_WORDS.key,
        amends=stood.id if stood else None,
        answers={key: asdict(hit) for key, hit in every.items()},
        detail=scoring.detail(scoring.Incomplete(OWN_WORDS.key, (), None, ())),
        **frozen,
    )
    return row, tuple(every.values())


def keep(weighed: Weighed, *, clinic_id: UUID, actor: Actor) -> None:
    """Store what was weighed, with its evidence, and name who looks at it. Call inside a transaction."""
    stored = [one for row, hits in weighed.results for one in _keep(row, hits, clinic_id, actor)]
    open_items(stored, clinic_id=clinic_id, is_sensitive=weighed.is_sensitive, actor=actor)


def _sex(instrument: Instrument, patient_id: UUID) -> Sex:
    """Read only for an instrument whose cut-off depends on it."""
    cut = instrument.positive
    if cut is None or cut.male == cut.female == cut.unknown:
        return "unknown"
    sex = Patient.objects.only("sex").get(pk=patient_id).sex
    return sex if sex in ("male", "female", "other") else "unknown"


def _latest(source_ref: UUID) -> dict[str, ScreeningResult]:
    """The newest result of each instrument in this response; one query."""
    rows = ScreeningResult.objects.filter(source_ref=source_ref).order_by("instrument", "-source_revision")
    return {row.instrument: row for row in rows.distinct("instrument")}


def _says_more(row: ScreeningResult, last: ScreeningResult) -> bool:
    told = (row.answers, row.detail["declined"])
    return row.source_revision > last.source_revision and told != (last.answers, last.detail.get("declined", []))


def _keep(row: ScreeningResult, hits: tuple[rules.Finding, ...], clinic_id: UUID, actor: Actor) -> list[Finding]:
    row.save()
    stored = [
        Finding(result=row, code=hit.code, because=hit.because, urgency=hit.urgency, pages=hit.pages) for hit in hits
    ]
    if stored:
        Finding.objects.bulk_create(stored)
    audit.services.record(
        Action.SCREENING_SCORED,
        actor=actor,
        obj=Ref("screening.ScreeningResult", str(row.id)),
        clinic_id=clinic_id,
        patient_id=row.patient_id,
        context={"revision": row.source_revision, "findings": len(hits)},
    )
    return stored
