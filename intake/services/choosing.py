"""The forms of a packet: the clinic's rules, or the default ones, and the newest version of each form it may use."""

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Max, Q

from core import clock
from core.models import Clinic
from intake.models import FormRule, FormVersion, InstrumentRight, Packet, Response
from intake.rules import choosing
from intake.rules.choosing import Rule, Visit
from intake.selectors import definition_of
from intake.selectors.languages import foreign
from screening import instruments

PUBLISHED_IN = "en"  # what every instrument here is published in


class FormsMissing(Exception):
    """The form library is not published yet."""


def forms_for(packet: Packet) -> tuple[FormVersion, ...]:
    """What this packet asks, in order. Raises FormsMissing."""
    today = clock.now().astimezone(ZoneInfo(packet.clinic.time_zone)).date()
    visit = _visit(packet, today, _days_since(packet, today))
    rules = _rules(packet.clinic_id)
    newest = newest_forms(packet.clinic_id, [rule.form for rule in rules])
    slugs = choosing.choose(
        rules,
        visit,
        ages=_ages(rules),
        withheld=unconfirmed(packet.clinic_id),
        unspoken=_unspoken(newest, packet.language),
    )
    if missing := next((slug for slug in slugs if slug not in newest), None):
        raise FormsMissing(f"The form {missing} is not published. Type: manage.py publish_forms")
    return tuple(newest[slug] for slug in slugs)


def refused(packet: Packet) -> tuple[tuple[str, str], ...]:
    """(instrument, why) for each that the clinic's rules, as they are now, ask and the patient's age refuses.

    For the clinician's page: to the desk an instrument's name would tell what care is sought (42 CFR 2.13(c)).
    """
    rules = _rules(packet.clinic_id)
    invited = packet.invited_at.astimezone(ZoneInfo(packet.clinic.time_zone)).date()
    found = choosing.too_young_or_old(rules, _visit(packet, invited, {}), ages=_ages(rules))
    return tuple((behind.name, why) for form, why in found if (behind := instruments.behind(form)))


def wanted(packet: Packet) -> frozenset[str]:
    """The forms that the clinic's rules, as they are now, ask at this age and visit, however lately they were sent and
    whatever the language."""
    rules = _rules(packet.clinic_id)
    invited = packet.invited_at.astimezone(ZoneInfo(packet.clinic.time_zone)).date()
    return frozenset(choosing.choose(rules, _visit(packet, invited, {}), ages=_ages(rules)))


def left_out_for_words(packet: Packet, language: str) -> frozenset[str]:
    """Those of `wanted` that `language` refuses: no published words, and no rule that asks with an interpreter."""
    if language == PUBLISHED_IN:
        return frozenset()
    rules = _rules(packet.clinic_id)
    spoken_for = {rule.form for rule in rules if rule.with_interpreter}
    asked = wanted(packet) - spoken_for
    return asked & _unspoken(newest_forms(packet.clinic_id, asked), language)


def _unspoken(forms: Mapping[str, FormVersion], language: str) -> frozenset[str]:
    """The instruments among these that have no published words in this language. Forms of our own have a draft."""
    if language == PUBLISHED_IN:
        return frozenset()
    return frozenset(
        slug for slug, form in forms.items() if instruments.behind(slug) and foreign(definition_of(form.id), language)
    )


def _visit(packet: Packet, on: date, days_since: Mapping[str, int]) -> Visit:
    return Visit(
        age=choosing.whole_years(date.fromisoformat(packet.patient.birth_date), on),
        program=str(packet.program_id),
        visit_type=packet.visit_type,
        days_since=days_since,
    )


def _ages(rules: Iterable[Rule]) -> dict[str, tuple[int, int | None]]:
    return {rule.form: behind.ages for rule in rules if (behind := instruments.behind(rule.form))}


def form_alone(packet: Packet, slug: str) -> FormVersion | None:
    """One form, whenever the rules would ask it; None where the age, the language or a missing right forbids it, or it
    is not published."""
    today = clock.now().astimezone(ZoneInfo(packet.clinic.time_zone)).date()
    age = choosing.whole_years(date.fromisoformat(packet.patient.birth_date), today)
    behind = instruments.behind(slug)
    visit = Visit(age=age, program=str(packet.program_id), visit_type=packet.visit_type)
    newest = newest_forms(packet.clinic_id, [slug])
    interpreted = any(rule.form == slug and rule.with_interpreter for rule in _rules(packet.clinic_id))
    asked = choosing.choose(
        [Rule(slug, with_interpreter=interpreted)],
        visit,
        ages={slug: behind.ages} if behind else {},
        withheld=unconfirmed(packet.clinic_id),
        unspoken=_unspoken(newest, packet.language),
    )
    return newest.get(slug) if asked else None


def unconfirmed(clinic_id: UUID) -> frozenset[str]:
    """Instruments whose owner sets terms that this clinic has not confirmed: left out of its packets."""
    confirmed = set(InstrumentRight.objects.filter(clinic_id=clinic_id).values_list("instrument", flat=True))
    return frozenset(slug for slug, one in instruments.REGISTRY.items() if one.right and slug not in confirmed)


def newest_forms(clinic_id: UUID, slugs: Iterable[str]) -> dict[str, FormVersion]:
    """The version of each form that new packets of this clinic get; a form that isn't published is left out.

    The clinic's own translation goes before the library's text it was made from, but never before a newer one.
    """
    found: dict[str, FormVersion] = {}
    published = FormVersion.objects.filter(Q(clinic__isnull=True) | Q(clinic_id=clinic_id), slug__in=list(slugs))
    for form in sorted(published, key=version_order):
        found[form.slug] = form
    return found


def version_order(form: FormVersion) -> tuple[tuple[int, ...], int]:
    """1.10.0 comes after 1.9.0; the clinic's n-th own version of 1.9.0 is 1.9.0-own.n and comes between them."""
    base, _, own = form.version.partition(OWN)
    return tuple(int(part) for part in base.split(".")), int(own or 0)


OWN = "-own."


def _rules(clinic_id: UUID) -> tuple[Rule, ...]:
    own = FormRule.objects.filter(clinic_id=clinic_id, is_active=True).order_by("position", "form")
    return tuple(_rule(row) for row in own) or choosing.DEFAULTS


def _rule(row: FormRule) -> Rule:
    return Rule(
        form=row.form,
        min_age=row.min_age,
        max_age=row.max_age,
        program=str(row.program_id or ""),
        visit_types=frozenset(row.visit_types),
        every_days=row.every_days,
        with_interpreter=row.with_interpreter,
    )


def _days_since(packet: Packet, today: date) -> dict[str, int]:
    """Whole days, on the clinic's calendar, since the patient last submitted each form; skipped ones don't count."""
    zone = ZoneInfo(packet.clinic.time_zone)
    sent = Response.objects.filter(packet__patient_id=packet.patient_id, packet__submitted_at__isnull=False)
    latest = sent.values_list("step__slug").annotate(at=Max("packet__submitted_at"))
    return {slug: (today - at.astimezone(zone).date()).days for slug, at in latest}


def clinics_without(slug: str, among: Iterable[UUID]) -> list[str]:
    """Those clinics whose packets leave this instrument out, because they have not confirmed their right to it."""
    confirmed = InstrumentRight.objects.filter(instrument=slug).values("clinic_id")
    clinics = Clinic.objects.filter(pk__in=list(among)).exclude(pk__in=confirmed)
    return list(clinics.order_by("name").values_list("name", flat=True))
