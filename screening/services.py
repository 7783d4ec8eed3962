"""Score what a response holds, and keep what was found. The only write of this app."""

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
class Weighed:
    """What was found, and the results that are new: not stored until `keep` is called."""

    found: tuple[Found, ...]
    results: tuple[tuple[ScreeningResult, tuple[rules.Finding, ...]], ...]


def asks(link_ids: Iterable[str]) -> bool:
    """Whether any of these questions is part of what is assessed."""
    return not _ASSESSED_ITEMS.isdisjoint(link_ids)


def weigh(*, patient_id: UUID, source_ref: UUID, revision: int, told: Told, is_first: bool = False) -> Weighed:
    """Score every instrument of which something was answered or declined, and say what was found. Stores nothing.

    A result is new when it is complete, found something, was declined in part or replaces an earlier one; once per
    state of the answers. `is_first`: the response has no earlier one, which needn't be looked up then.
    Raises AnswersError.
    """
    found: list[Found] = []
    new: list[tuple[ScreeningResult, tuple[rules.Finding, ...]]] = []
    last = {} if is_first else _latest(source_ref)
    for name, instrument in instruments.ASSESSED.items():
        own = scoring.answers_to(instrument, told.answers)
        declined = sorted(item.link_id for item in instrument.items if item.link_id in told.declined)
        if not own and not declined and name not in last:
            continue
        result = scoring.score(name, own, sex=_sex(instrument, patient_id))
        hits = (*rules.findings(name, result, own), *rules.declined(name, told.risk.intersection(declined)))
        row = ScreeningResult(
            patient_id=patient_id,
            instrument=name,
            source_ref=source_ref,
            source_revision=revision,
            answers=own,
            detail={**scoring.detail(result), "declined": declined},
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
        new.append(_own_words(possible, stood, patient_id=patient_id, source_ref=source_ref, source_revision=revision))
    return Weighed(tuple(found), tuple(new))


def _own_words(
    possible: Mapping[str, rules.Finding], stood: ScreeningResult | None, **at: object
) -> tuple[ScreeningResult, tuple[rules.Finding, ...]]:
    """The findings in free text as a row: those that stood before stay, whatever was deleted since."""
    earlier = {key: rules.Finding(**kept) for key, kept in stood.answers.items()} if stood else {}
    every = {**earlier, **possible}
    row = ScreeningResult(
        instrument=OWN_WORDS.key,
        answers={key: asdict(hit) for key, hit in every.items()},
        detail=scoring.detail(scoring.Incomplete(OWN_WORDS.key, (), None, ())),
        **at,
    )
    return row, tuple(every.values())


def keep(weighed: Weighed, *, clinic_id: UUID, actor: Actor) -> None:
    """Store what was weighed, with its evidence. Call inside a transaction."""
    for row, hits in weighed.results:
        _keep(row, hits, clinic_id, actor)


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


def _keep(row: ScreeningResult, hits: tuple[rules.Finding, ...], clinic_id: UUID, actor: Actor) -> None:
    row.save()
    if hits:
        Finding.objects.bulk_create(
            Finding(result=row, code=hit.code, because=hit.because, urgency=hit.urgency, pages=hit.pages)
            for hit in hits
        )
    audit.services.record(
        Action.SCREENING_SCORED,
        actor=actor,
        obj=Ref("screening.ScreeningResult", str(row.id)),
        clinic_id=clinic_id,
        patient_id=row.patient_id,
        context={"revision": row.source_revision, "findings": len(hits)},
    )
