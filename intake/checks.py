"""What a clinic's administrator must know before a patient does: what its packets leave out, whom nobody can call."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core import checks
from django.db import connection

from intake.rules.crisis import LINES, without_a_line
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


def clinics_without_a_crisis_line(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """intake.W002, with `check --database default`: a clinic's patients would see no line to call, text or chat."""
    if "default" not in (databases or []) or not _has_lines():
        return []
    clinics = apps.get_model("core", "Clinic").objects.order_by("name").values("name", *LINES)
    names = ", ".join(without_a_line(clinics))
    if not names:
        return []
    message = f"The crisis help shows no line to call, text or chat to patients of: {names}."
    hint = (
        "Set the clinic's crisis_phone, crisis_text or crisis_chat to a line that answers there, or its country if "
        "that is wrong; a country's own line is looked up and added in intake/rules/crisis.py."
    )
    return [checks.Warning(message, hint=hint, id="intake.W002")]


def _has_lines() -> bool:
    """`migrate` runs this before the columns are there."""
    with connection.cursor() as cursor:
        if "core_clinic" not in connection.introspection.table_names(cursor):
            return False
        return set(LINES) <= {one.name for one in connection.introspection.get_table_description(cursor, "core_clinic")}
