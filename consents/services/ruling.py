"""Which documents a packet carries: the clinic's rules or the default ones, by age, program and what stands."""

import calendar
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max, Q

import audit.services
from audit.actions import Action, Actor, Ref
from consents.models import ConsentRule, Document, DocumentVersion, Signature
from consents.policy import Kind
from consents.selectors import ENDED, role_of, turns
from consents.services.publishing import take_effect_due
from core import clock
from core.models import Patient, Program, User, Visit

Must, Signer = ConsentRule.Must, ConsentRule.Signer
# From here on a parent's or a guardian's signature counts no more. 18 in most states; [not verified for each of them]
ADULT = 18
SLUG = "version__document__slug"


@dataclass(frozen=True)
class Rule:
    """One line of the rules. A rule of the program itself replaces the general ones of that document."""

    slug: str
    kind: str
    must: str
    signer: str = Signer.SELF
    program: str = ""
    visit: str = ""
    min_age: int | None = None
    max_age: int | None = None
    every_months: int | None = None
    on_new_version: bool = True


@dataclass(frozen=True)
class Due:
    """A document that a packet carries. `must` is "ack" where the law lets a receipt be refused, else the rule's."""

    slug: str
    kind: str
    must: str
    signer: str


# What a clinic without rules of its own asks, in this order. Signing on a screen is agreed to before anything is signed
# on one (15 USC 7001(c)); a program that may be covered by Part 2 gives its notice by the first service (42 CFR 2.22);
# the permission to share comes before what it unlocks.
DEFAULTS = (
    Rule("esign", Kind.ESIGN, Must.DECIDE),
    Rule("privacy-notice", Kind.NPP_ACK, Must.SIGN),
    Rule("records-notice", Kind.PART2_NOTICE, Must.SHOWN),
    Rule("treatment", Kind.TREATMENT, Must.SIGN),
    Rule("video-visits", Kind.TELEHEALTH, Must.DECIDE, visit=Visit.VIDEO),
    Rule("share-permission", Kind.PART2_TPO, Must.DECIDE),
)
# Left out of the default ones until the clinic has put a text of it in force.
ONCE_IN_FORCE = (Kind.ESIGN, Kind.PART2_NOTICE, Kind.TELEHEALTH)


def documents_due(
    *,
    patient: Patient,
    program: Program,
    visit: str = Visit.NOT_SAID,
    shown: Mapping[str, datetime] | None = None,
) -> tuple[Due, ...]:
    """What a new packet asks, in order: not what was signed already by all who must, and still stands.

    `shown`: when the patient was last shown what only has to be shown. A "no" is asked again in the next packet.
    """
    take_effect_due(clinic_id=program.clinic_id)
    today = clock.now().astimezone(ZoneInfo(program.clinic.time_zone)).date()
    born = date.fromisoformat(patient.birth_date)
    rules = _in_force(_rules(program), program, _years(born, today), visit)
    stands = _Standing(patient, program, born, today, shown or {})
    due = [Due(one.slug, one.kind, _must(one), one.signer) for one in rules if not stands.covers(one)]
    return tuple(sorted(due, key=lambda one: one.kind != Kind.ESIGN))


def _must(rule: Rule) -> str:
    return "ack" if rule.kind == Kind.NPP_ACK and rule.must != Must.SHOWN else str(rule.must)


def _rules(program: Program) -> tuple[Rule, ...]:
    """Those of the clinic, of texts that are effective; without any, the default ones."""
    effective = _effective(program.clinic_id)
    own = ConsentRule.objects.filter(document__clinic=program.clinic_id, is_active=True)
    rows = [_rule(row) for row in own.select_related("document").order_by("position", "document__slug")]
    return tuple(rule for rule in rows if rule.slug in effective) if rows else _defaults(effective)


def defaults_in_force(clinic_id: UUID) -> tuple[Rule, ...]:
    """The default rules by which a clinic's packets are made; none once it has rules of its own."""
    has_own = ConsentRule.objects.filter(document__clinic=clinic_id, is_active=True).exists()
    return () if has_own else _defaults(_effective(clinic_id))


def _defaults(effective: Collection[str]) -> tuple[Rule, ...]:
    return tuple(rule for rule in DEFAULTS if rule.kind not in ONCE_IN_FORCE or rule.slug in effective)


def _effective(clinic_id: UUID) -> set[str]:
    rows = DocumentVersion.objects.filter(document__clinic=clinic_id, state=DocumentVersion.State.EFFECTIVE)
    return set(rows.values_list("document__slug", flat=True))


def _rule(row: ConsentRule) -> Rule:
    return Rule(
        slug=row.document.slug,
        kind=row.document.kind,
        must=row.must,
        signer=row.signer,
        program=str(row.program_id or ""),
        visit=row.visit,
        min_age=row.min_age,
        max_age=row.max_age,
        every_months=row.every_months,
        on_new_version=row.on_new_version,
    )


def _in_force(rules: Sequence[Rule], program: Program, age: int, visit: str) -> list[Rule]:
    """Of each document the first rule that fits: its ages may be in several rules, each with its own signers."""
    ours = str(program.pk)
    own = {rule.slug for rule in rules if rule.program == ours}
    found: dict[str, Rule] = {}
    for rule in rules:
        is_ours = rule.program == ours or (not rule.program and rule.slug not in own and _is_true_of(rule, program))
        is_of_age = (rule.min_age or 0) <= age and (rule.max_age is None or age <= rule.max_age)
        if is_ours and is_of_age and rule.visit in ("", visit):
            found.setdefault(rule.slug, rule)
    return list(found.values())


def _is_true_of(rule: Rule, program: Program) -> bool:
    """The Part 2 notice speaks of records that a program outside Part 2 doesn't have."""
    return rule.kind != Kind.PART2_NOTICE or program.may_hold_part2


class _Standing:
    """What the patient has signed or been shown already, and whether it is enough for a rule."""

    def __init__(
        self, patient: Patient, program: Program, born: date, today: date, shown: Mapping[str, datetime]
    ) -> None:
        self.born, self.today, self.shown = born, today, shown
        self.zone = ZoneInfo(program.clinic.time_zone)
        self.latest: dict[tuple[str, str], Signature] = {}
        rows = Signature.objects.filter(patient=patient, version__document__clinic=program.clinic_id)
        rows = rows.annotate(ended=ENDED).select_related("version__document").order_by("signed_at")
        for row in rows.only("decision", "capacity", "signed_at", "expires_on", "version__state", SLUG):
            self.latest[row.version.document.slug, role_of(row.capacity)] = row
            self.latest[row.version.document.slug, "whoever"] = row
        versions = DocumentVersion.objects.filter(
            document__clinic=program.clinic_id, state=DocumentVersion.State.EFFECTIVE
        )
        self.effective_at = dict(versions.values_list("document__slug").annotate(at=Max("effective_at")))

    def covers(self, rule: Rule) -> bool:
        if rule.must == Must.SHOWN:
            return self._was_shown(rule)
        return all(self._is_signed(rule, role) for role in turns(rule.signer))

    def _is_signed(self, rule: Rule, role: str) -> bool:
        row = self.latest.get((rule.slug, role))
        if row is None or row.decision != Signature.Decision.SIGNED or vars(row)["ended"]:
            return False
        is_current = row.version.state == DocumentVersion.State.EFFECTIVE or not rule.on_new_version
        is_in_time = row.expires_on is None or row.expires_on >= self.today
        return is_current and is_in_time and not self._is_old(rule, row.signed_at) and not self._is_outgrown(row)

    def _was_shown(self, rule: Rule) -> bool:
        at = self.shown.get(rule.slug)
        if at is None or self._is_old(rule, at):
            return False
        return not rule.on_new_version or self.effective_at.get(rule.slug, at) <= at

    def _is_old(self, rule: Rule, at: datetime) -> bool:
        return rule.every_months is not None and self.today >= _after(self._day(at), rule.every_months)

    def _is_outgrown(self, row: Signature) -> bool:
        """A parent signed for somebody who is of age by now."""
        by_parent = row.capacity in (Signature.Capacity.PARENT, Signature.Capacity.GUARDIAN)
        return by_parent and _years(self.born, self._day(row.signed_at)) < ADULT <= _years(self.born, self.today)

    def _day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _after(day: date, months: int) -> date:
    """The same day so many months later, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@transaction.atomic
def save_rule(*, rule: ConsentRule, by: User) -> ConsentRule:
    """Keep a new or changed rule. It holds for packets invited from now on; those under way stay as they were sent.

    The first rule of a clinic brings the default ones with it, so that nothing stops being asked unnoticed.
    """
    is_new = rule._state.adding
    clinic_id = rule.document.clinic_id
    if not ConsentRule.objects.filter(document__clinic=clinic_id).exists():
        _keep_defaults(rule)
    rule.save()
    audit.services.record(
        Action.CONSENT_RULE_SAVED,
        actor=Actor.staff(by.id),
        obj=Ref("consents.ConsentRule", str(rule.pk)),
        clinic_id=clinic_id,
        context={
            "document": rule.document.slug,
            "must": rule.must,
            "signer": rule.signer,
            "is_new": is_new,
            "is_active": rule.is_active,
        },
    )
    return rule


def _keep_defaults(first: ConsentRule) -> None:
    kept = {rule.slug: (10 * number, rule) for number, rule in enumerate(DEFAULTS, start=1)}
    is_general = first.program_id is None
    ours = Q(clinic=first.document.clinic_id, slug__in=kept)
    for document in Document.objects.filter(ours):
        if document.pk != first.document_id or not is_general:
            position, rule = kept[document.slug]
            ConsentRule(
                document=document, must=rule.must, signer=rule.signer, visit=rule.visit, position=position
            ).save()
