"""What an operator must know before a patient does: texts that can't be published, PDFs that can't be made."""

import ctypes
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from consents.adapters import certificate
from consents.adapters.certificate import NoCertificate
from consents.policy import Kind
from consents.rules import InvalidDocument, document_files

# What WeasyPrint opens when it is imported. Tried by name: importing it here would cost every command a second.
LIBRARIES = {
    "linux": ("libgobject-2.0.so.0", "libpango-1.0.so.0", "libpangoft2-1.0.so.0"),
    "darwin": ("libgobject-2.0.0.dylib", "libpango-1.0.dylib", "libpangoft2-1.0.dylib"),
}
TABLE, RULES = "consents_documentversion", "consents_consentrule"
SOON = timedelta(days=30)
APT = "apt-get install --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


def pdf_libraries(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """consents.W001: Pango is missing."""
    absent = [name for name in LIBRARIES.get(sys.platform, ()) if not _loads(name)]
    if not absent:
        return []
    return [
        checks.Warning(
            "Pango is not installed: signed documents wait, and no PDF is made. All else works.",
            hint=f"On Debian or Ubuntu type: {APT}   Then restart Candor.",
            id="consents.W001",
        )
    ]


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def document_folder(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """consents.E001: a text in consents/documents may not be published."""
    try:
        document_files(tuple(code for code, _ in settings.LANGUAGES))
    except InvalidDocument as error:
        return [
            checks.Error(
                f"consents/documents: {error}",
                hint="Correct the file, or give a text that was published before a new version.",
                id="consents.E001",
            )
        ]
    return []


def texts_to_look_at(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """With `check --database default`, of each clinic's texts in force. consents.W002: not reviewed by counsel or a
    translator. consents.W003: the day to look at it again has passed."""
    if "default" not in (databases or []) or not _is_migrated():
        return []
    rows = apps.get_model("consents", "DocumentVersion").objects.filter(state="effective")
    unread = rows.exclude(review_note="")
    late = rows.filter(review_by__lt=Now())
    hint = "In the admin, under Documents, record the review or start a new version."
    told = (
        ("consents.W002", unread, "Texts that patients sign were not reviewed by counsel or a translator: {}."),
        ("consents.W003", late, "The day to look at these texts again has passed: {}."),
    )
    return [checks.Warning(words.format(_named(found)), hint=hint, id=id_) for id_, found, words in told if found]


def notices_to_give(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """With `check --database default`. consents.W004: a program that Part 2 may cover, whose patients are not given its
    notice (42 CFR 2.22): no text of it is in force, or the clinic's own rules don't ask for it."""
    if "default" not in (databases or []) or not _is_migrated():
        return []
    programs = apps.get_model("core", "Program").objects.exclude(part2_status="not_part2").select_related("clinic")
    missing = sorted(program.clinic.name for program in programs if not _gives_notice(program))
    words = "Patients are not shown the notice about their records that 42 CFR 2.22 asks for: {}."
    hint = "In the admin, put the document's text in force and give it a consent rule: must be shown."
    named = ", ".join(dict.fromkeys(missing))
    return [checks.Warning(words.format(named), hint=hint, id="consents.W004")] if missing else []


def _gives_notice(program: Any) -> bool:
    texts = apps.get_model("consents", "DocumentVersion").objects.filter(document__clinic=program.clinic_id)
    in_force = texts.filter(document__kind=Kind.PART2_NOTICE, state="effective")
    rules = apps.get_model("consents", "ConsentRule").objects.filter(document__clinic=program.clinic_id, is_active=True)
    ours = rules.filter(document__in=in_force.values("document")).filter(Q(program=None) | Q(program=program.pk))
    return in_force.exists() and (ours.exists() or not rules.exists())


def _named(rows: Any) -> str:
    """Clinic by clinic, by the documents' short names."""
    names: dict[str, set[str]] = {}
    for clinic, slug in rows.values_list("document__clinic__name", "document__slug"):
        names.setdefault(clinic, set()).add(slug)
    return "; ".join(f"{clinic} ({', '.join(sorted(names[clinic]))})" for clinic in sorted(names))


def _is_migrated() -> bool:
    """`migrate` runs these checks before there is a table to look at."""
    known = {TABLE, RULES} & set(_tables())
    with connection.cursor() as cursor:
        described = [connection.introspection.get_table_description(cursor, table) for table in known]
    return {"review_by", "visit"} <= {column.name for columns in described for column in columns}


def _tables() -> list[str]:
    return connection.introspection.table_names()


def timestamp_authority(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """consents.E012: where timestamps are asked for is no address."""
    if not settings.TSA_URL or settings.TSA_URL.startswith(("https://", "http://")):
        return []
    hint = "Name the http(s) address of a timestamp authority (RFC 3161), or unset it."
    return [checks.Error("CANDOR_TSA_URL is no address: documents get no timestamp.", hint=hint, id="consents.E012")]


def seal_certificate(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """consents.E010: no certificate to seal with; consents.E011: the one that proves nothing. W010: it ends soon."""
    if settings.DEVELOPMENT or settings.NEEDS_NOTHING:
        return []  # made when it is needed
    hint = "Set CANDOR_SEAL_P12 (and CANDOR_SEAL_P12_PASSPHRASE) to the clinic's certificate and key (PKCS#12)."
    try:
        signer = certificate.of_the_clinic()
    except NoCertificate as error:
        return [checks.Error(f"Signed documents can't be sealed: {error}.", hint=hint, id="consents.E010")]
    if certificate.is_for_development(signer):
        words = "Documents would be sealed with a development certificate, which proves nothing."
        return [checks.Error(words, hint=hint, id="consents.E011")]
    if certificate.ends_at(signer) < datetime.now(UTC) + SOON:
        words = f"The certificate that seals documents ends on {certificate.ends_at(signer):%Y-%m-%d}."
        keep = "Renew it, and name the old one in CANDOR_SEAL_EARLIER_CERTIFICATES: what it sealed stays verifiable."
        return [checks.Warning(words, hint=keep, id="consents.W010")]
    return []
