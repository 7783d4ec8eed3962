"""What a clinic decides on its forms: when each is asked, and that it may use an instrument that has terms."""

from typing import Any

from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from core.models import Clinic, User
from intake.models import FormRule, FormVersion, InstrumentRight
from intake.rules import choosing
from intake.services import choosing as chosen_forms
from intake.services import library
from screening import instruments


@transaction.atomic
def save_rule(*, rule: FormRule, by: User) -> FormRule:
    """Keep a new or changed rule. It holds for packets invited from now on; those under way stay as they were sent.

    The first rule of a clinic brings the default ones with it, so that nothing stops being asked unnoticed.
    Raises FormRefused where the form can page somebody and the clinic's ladder reaches nobody; to switch a rule off is
    never refused.
    """
    if rule.is_active:
        require_reachable(rule.clinic, rule.form)
    is_new = rule._state.adding
    if not FormRule.objects.filter(clinic=rule.clinic).exists():
        _keep_defaults(rule)
    rule.save()
    _record(Action.FORM_RULE_SAVED, by, rule, form=rule.form, is_new=is_new, is_active=rule.is_active)
    return rule


def require_reachable(clinic: Clinic, slug: str) -> None:
    """Before this form goes live or changes at the clinic. Raises FormRefused."""
    newest = chosen_forms.newest_forms(clinic.id, [slug]).get(slug)
    if newest:
        library.require_reachable(newest.definition, clinic)


def _keep_defaults(first: FormRule) -> None:
    for number, rule in enumerate(choosing.DEFAULTS, start=1):
        if rule.form != first.form or first.program_id is not None:
            FormRule(
                clinic=first.clinic,
                form=rule.form,
                position=10 * number,
                visit_types=sorted(rule.visit_types),
                every_days=rule.every_days,
            ).save()


def terms() -> dict[str, str]:
    """The statement a clinic has to make, by instrument of the library."""
    published = set(FormVersion.objects.filter(clinic=None).values_list("slug", flat=True))
    return {slug: one.right for slug, one in instruments.REGISTRY.items() if one.right and slug in published}


@transaction.atomic
def confirm_right(*, clinic: Clinic, instrument: str, by: User) -> InstrumentRight:
    """The clinic's word, in the words shown to whoever gave it; a second time changes nothing.

    Raises KeyError, and FormRefused as for a rule: with the right the instrument goes live.
    """
    said: dict[str, Any] = {"statement": terms()[instrument], "confirmed_by": by}
    if not InstrumentRight.objects.filter(clinic=clinic, instrument=instrument).exists():
        require_reachable(clinic, instrument)
    right, is_new = InstrumentRight.objects.get_or_create(clinic=clinic, instrument=instrument, defaults=said)
    if is_new:
        _record(Action.RIGHT_CONFIRMED, by, right, instrument=instrument)
    return right


def _record(action: Action, by: User, row: FormRule | InstrumentRight, **context: object) -> None:
    audit.services.record(
        action,
        actor=Actor.staff(by.id),
        obj=Ref(f"intake.{type(row).__name__}", str(row.pk)),
        clinic_id=row.clinic_id,
        context=context,
    )
