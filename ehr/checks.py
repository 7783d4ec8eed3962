"""A sandbox chart is for the demo: a real installation must say who it is to its chart."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks


def sandbox_charts(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """With `check --database default` outside development. (When used, a sandbox off this machine is refused too.)"""
    if settings.DEVELOPMENT or "default" not in (databases or []):
        return []
    connections = apps.get_model("ehr", "Connection").objects.filter(is_active=True, auth="sandbox")
    if not connections.exists():
        return []
    hint = "Connect the clinic to its chart with SMART Backend Services."
    return [checks.Error("A clinic files into the demo's sandbox chart.", hint=hint, id="ehr.E001")]


def loopback_charts(**_: Any) -> list[checks.CheckMessage]:
    """Outside development a chart on this machine is a mistake, or somebody's way in."""
    if settings.EHR_ALLOW_LOOPBACK and not settings.DEVELOPMENT:
        hint = "Unset EHR_ALLOW_LOOPBACK."
        return [checks.Error("Charts on this machine are allowed outside development.", hint=hint, id="ehr.E002")]
    return []
