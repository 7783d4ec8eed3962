"""What a clinic's administrator must know before a patient does: instruments that its packets leave out."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core import checks
from django.db import connection

from screening import instruments


def _is_migrated() -> bool:
    """`migrate` runs these checks before there is a table to look at."""
    return {"intake_instrumentright", "intake_formversion"} <= set(connection.introspection.table_names())


def unconfirmed_rights(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """intake.W001, with `check --database default`: a clinic has not confirmed its right to an instrument."""
    if "default" not in (databases or []) or not _is_migrated():
        return []
    clinics = apps.get_model("core", "Clinic").objects.order_by("name")
    rights = apps.get_model("intake", "InstrumentRight").objects
    slugs = apps.get_model("intake", "FormVersion").objects.filter(clinic=None).values_list("slug", flat=True)
    found: list[checks.CheckMessage] = []
    for slug in sorted({slug for slug in slugs if slug in instruments.REGISTRY and instruments.REGISTRY[slug].right}):
        without = clinics.exclude(pk__in=rights.filter(instrument=slug).values("clinic_id"))
        names = ", ".join(without.values_list("name", flat=True))
        if names:
            message = f"The {instruments.get(slug).name} is left out of every packet of: {names}."
            hint = "An administrator confirms the clinic's right to it in the admin, under Instrument rights."
            found.append(checks.Warning(message, hint=hint, id="intake.W001"))
    return found
