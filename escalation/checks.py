"""Settings with which a page would come late, from the wrong place, or say too much."""

import re
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks
from django.db import connection
from django.db.models.functions import Now, TruncDate
from django.utils.module_loading import import_string

# 42 CFR 2.13(c): a sender or a link's domain that names the kind of care gives the patient away.
TELLING = re.compile(r"behavio|psych|mental|recover|rehab|addict|substance|suicid|detox|therap|counsel", re.IGNORECASE)

PHONE = frozenset({"sms", "voice"})
NEEDED = {
    "TWILIO_ACCOUNT_SID": PHONE,
    "TWILIO_AUTH_TOKEN": PHONE,
    "TWILIO_FROM": PHONE,
    "WEBHOOK_KEY": frozenset({"webhook"}),
}


def paging_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """escalation.W001 to W005, W009."""
    found: list[checks.CheckMessage] = []
    if settings.OUTCOME_DEADLINE_MINUTES <= 0:
        found.append(
            checks.Warning(
                "OUTCOME_DEADLINE_MINUTES is not above zero: paging resumes the moment somebody acknowledges.",
                hint="Set it to the minutes a clinician has to document what was done (default 60).",
                id="escalation.W001",
            )
        )
    if settings.PAGE_LEASE_SECONDS <= 3 * settings.EMAIL_TIMEOUT:
        found.append(
            checks.Warning(
                "PAGE_LEASE_SECONDS is not above three times EMAIL_TIMEOUT: slow sends will be repeated.",
                hint="Raise PAGE_LEASE_SECONDS or lower EMAIL_TIMEOUT.",
                id="escalation.W002",
            )
        )
    if TELLING.search(f"{settings.DEFAULT_FROM_EMAIL} {settings.BASE_URL}"):
        found.append(
            checks.Warning(
                "DEFAULT_FROM_EMAIL or BASE_URL names a kind of care; every page and invitation would show it.",
                hint="Use a neutral sender and domain.",
                id="escalation.W003",
            )
        )
    return found if settings.DEVELOPMENT else [*found, *_left_at_default()]


def _left_at_default() -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    if settings.EMAIL_HOST in ("", "localhost") or settings.DEFAULT_FROM_EMAIL.endswith("@localhost"):
        found.append(
            checks.Warning(
                "EMAIL_HOST or DEFAULT_FROM_EMAIL is the default: pages may never leave this machine.",
                hint="Set EMAIL_HOST to your mail server and DEFAULT_FROM_EMAIL to an address it accepts.",
                id="escalation.W004",
            )
        )
    if "//127." in settings.BASE_URL or "//localhost" in settings.BASE_URL:
        found.append(
            checks.Warning(
                "BASE_URL is this machine's own address: the link in a page opens nowhere else.",
                hint="Set BASE_URL to the address that staff use.",
                id="escalation.W005",
            )
        )
    if not (settings.HEARTBEAT_URL and (settings.OPERATOR_EMAIL or settings.ALARM_WEBHOOK)):
        found.append(
            checks.Warning(
                "HEARTBEAT_URL, or both OPERATOR_EMAIL and ALARM_WEBHOOK, are not set: nobody hears when paging dies.",
                hint="Set HEARTBEAT_URL to a monitor outside of this house, and who is told of alarms.",
                id="escalation.W009",
            )
        )
    return found


def unreachable_steps(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """escalation.W010, with `check --database default`: a step of a ladder reaches nobody by a proved contact point.
    It stops no intake, no shift and no page; no ladder and no form with risk rules goes live before it is mended."""
    if "default" not in (databases or []) or not _is_migrated():
        return []
    unreachable = import_string("escalation.selectors.watching.unreachable")
    clinics = apps.get_model("core", "Clinic").objects.order_by("name").values_list("pk", "name")
    hint = "In the admin, under Contact points, send a test; the person enters its code."
    return [
        checks.Warning(f"{name}: {' '.join(wrong)}", hint=hint, id="escalation.W010")
        for clinic_id, name in clinics
        if (wrong := unreachable(clinic_id))
    ]


def rosters_with_gaps(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """escalation.W006, with `check --database default`: what is wrong with a clinic's roster in the next 72 hours."""
    if "default" not in (databases or []) or not _is_migrated():
        return []
    coverage = import_string("escalation.selectors.coverage")  # by name: this module is read before there are models
    hint = "In the admin, under Rotations, look at “On call”. Until then a gap pages the level above, or everybody."
    found: list[checks.CheckMessage] = []
    for clinic_id, name in apps.get_model("core", "Clinic").objects.order_by("name").values_list("pk", "name"):
        if wrong := _wrong(coverage(clinic_id)):
            found.append(checks.Warning(f"{name}: {' '.join(wrong)}", hint=hint, id="escalation.W006"))
    return found


def _wrong(coverage: Any) -> list[str]:
    """In sentences; levels and people by name, never a patient."""
    if coverage.nobody:
        return ["No active member of staff may answer pages: an incident would page nobody."]
    wrong = []
    if coverage.gaps:
        first = f"{min(one.starts_at for one in coverage.gaps):%Y-%m-%d %H:%M} UTC"
        levels = ", ".join(dict.fromkeys(one.level for one in coverage.gaps))
        wrong.append(f"Nobody is on duty in part of the next 72 hours ({levels}), first from {first}.")
    if coverage.left:
        wrong.append(f"On the roster, but may not answer pages: {', '.join(coverage.left)}.")
    return wrong


def _is_migrated() -> bool:
    """`migrate` runs this before there is a table to look at."""
    return "escalation_override" in connection.introspection.table_names()


def reaching(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """With `check --database default`. escalation.W007: a vendor in use whose agreement has ended. escalation.W008:
    contact points in use without an account to send by. Neither stops a page."""
    if "default" not in (databases or []) or "core_contactpoint" not in connection.introspection.table_names():
        return []
    in_use = apps.get_model("core", "ContactPoint").objects.filter(is_active=True)
    lapsed = in_use.filter(vendor__baa_until__lt=TruncDate(Now())).order_by("vendor__name")
    used = set(in_use.values_list("kind", flat=True))
    unset = [name for name, kinds in NEEDED.items() if used & kinds and not getattr(settings, name)]
    told = (
        (
            "escalation.W007",
            list(lapsed.values_list("vendor__name", flat=True).distinct()),
            "Pages go through vendors whose agreement has ended: {}.",
            "Renew the agreement and enter its new last day, or switch those contact points off.",
        ),
        (
            "escalation.W008",
            unset,
            "Contact points are in use that nothing can be sent to, for this is not set: {}.",
            "Set it, or switch those contact points off.",
        ),
    )
    return [
        checks.Warning(words.format(", ".join(found)), hint=hint, id=id_) for id_, found, words, hint in told if found
    ]
