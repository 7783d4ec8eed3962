"""A text to be signed with a pen: as it is in effect now, its fields filled, with room for ticks, a name and a date."""

from uuid import UUID
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import timezone, translation

import audit.services
from audit.actions import Action, Actor, Ref
from consents.rendering import filled, printed
from consents.rules import parse
from consents.services.signing import NotPublished, effective
from consents.services.texts import digest, values_of
from core.models import Patient, Program


def print_blank(
    *, patient: Patient, program: Program, source_ref: UUID, slug: str, language: str, actor: Actor
) -> bytes:
    """The PDF. Its foot names the version, the language and the day from which it is in effect, as the record does:
    whoever writes down the signed paper goes by them. Raises NotPublished, CannotRender."""
    version = effective(program, slug, language)
    if version is None:
        raise NotPublished(slug)
    source = parse(version.body, slug=slug)
    html = filled(version.html, values_of(patient, program, version, source))
    context = {"version": version, "source": source, "html": html, "patient": patient, "clinic": program.clinic}
    with timezone.override(ZoneInfo(program.clinic.time_zone)), translation.override(version.language):
        page = render_to_string("consents/blank.html", context)
    pdf = printed(page)
    audit.services.record(
        Action.DOCUMENT_PRINTED,
        actor=actor,
        obj=Ref("consents.DocumentVersion", str(version.id)),
        clinic_id=program.clinic_id,
        patient_id=patient.id,
        context={"packet": str(source_ref), "sha256": digest(html)},
    )
    return pdf
