"""What a clinic has decided about findings: signed priorities, its own rules, and what new ones would have found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from core import clock
from core.models import Clinic, User
from screening.models import PrioritySignOff, RuleVersion, ScreeningResult
from screening.rules import clinic
from screening.scoring import Incomplete, Score

LOOK_BACK = timedelta(days=90)
AT_MOST = 5000


@dataclass(frozen=True)
class ClinicRules:
    """A clinic's own rules in force; version 0 is none. Their shape is that of `screening.rules.clinic`."""

    version: int
    rules: tuple[dict[str, Any], ...]

    @classmethod
    def told(cls, row: Mapping[str, Any] | None) -> "ClinicRules":
        """From what `rules_in_force` gives."""
        return cls(row["version"], tuple(row["rules"])) if row else NO_RULES


NO_RULES = ClinicRules(0, ())


def rules_in_force(clinic_id: Any) -> Subquery:
    """The clinic's newest approved rules, inside a query of whoever needs them; read anew each time, never cached."""
    rows = RuleVersion.objects.filter(clinic_id=clinic_id, approved_by__isnull=False).order_by("-version")
    return Subquery(rows.values(told=JSONObject(version=F("version"), rules=F("rules")))[:1])


def clinic_rules(clinic_id: UUID) -> ClinicRules:
    """The clinic's own rules now in force; one query."""
    rows = RuleVersion.objects.filter(clinic_id=clinic_id, approved_by__isnull=False).order_by("-version")
    return ClinicRules.told(rows.values("version", "rules").first())


def clinic_rules_at(clinic_id: UUID, at: datetime) -> ClinicRules:
    """The clinic's own rules that were in force at an instant; one query."""
    rows = RuleVersion.objects.filter(clinic_id=clinic_id, effective_at__lte=at).order_by("-version")
    return ClinicRules.told(rows.values("version", "rules").first())


def drafted_rules(clinic_id: UUID) -> list[RuleVersion]:
    """Drafts newer than what is in force; the newest first."""
    drafts = RuleVersion.objects.filter(clinic_id=clinic_id, approved_by__isnull=True).select_related("drafted_by")
    return list(drafts.filter(version__gt=clinic_rules(clinic_id).version).order_by("-version"))


def rules_to_approve(clinics: QuerySet[Clinic], user: User) -> QuerySet[RuleVersion]:
    """Drafts of these clinics, newer than what is in force, that somebody else than this person drafted."""
    drafts = RuleVersion.objects.filter(clinic__in=clinics, approved_by__isnull=True).exclude(drafted_by=user)
    in_force = RuleVersion.objects.filter(clinic=OuterRef("clinic"), approved_by__isnull=False)
    return drafts.exclude(Exists(in_force.filter(version__gt=OuterRef("version"))))


def sign_offs(clinic_id: UUID) -> dict[tuple[str, str, str], PrioritySignOff]:
    """(instrument, finding code, priority) → who signed it and when."""
    rows = PrioritySignOff.objects.filter(clinic_id=clinic_id).select_related("signed_by")
    return {(row.instrument, row.code, row.urgency): row for row in rows}


def fired(clinic_id: UUID, rules: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], int]]:
    """How many results of the last 90 days each rule would have held for; a count and nothing else.

    Looks at the newest 5,000 results of the clinic: answers are encrypted and have to be opened one by one.
    """
    known = ScreeningResult.objects.filter(patient__clinic_id=clinic_id, scored_at__gte=clock.now() - LOOK_BACK)
    named = known.filter(instrument__in={rule["instrument"] for rule in rules}).order_by("-scored_at")[:AT_MOST]
    counts = [0] * len(rules)
    for row in named.iterator(chunk_size=500):
        for at, rule in enumerate(rules):
            counts[at] += bool(clinic.findings([rule], 0, row.instrument, _as_scored(row), row.answers))
    return list(zip(rules, counts, strict=True))


def _as_scored(row: ScreeningResult) -> Score | Incomplete:
    told = row.detail
    if told["missing"]:
        return Incomplete(row.instrument, tuple(told["missing"]), told["band"], ())
    return Score(row.instrument, told["total"], told["band"] or "", told["positive"], None, ())
