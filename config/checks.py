"""What must never be so in production: the demo, a web role that can change evidence, locks that nothing ends."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.db import connections

from config.management.commands.grant_runtime import append_only_tables


def demo_in_production(**_: Any) -> list[checks.CheckMessage]:
    """The demo prints passwords and shows second-factor codes."""
    if settings.DEMO and not settings.DEVELOPMENT:
        hint = "Unset CANDOR_DEMO."
        return [checks.Error("The demo is switched on outside development.", hint=hint, id="config.E001")]
    return []


def runtime_privileges(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Only with `check --database default`: the connected role may not change what only grows. The owner is let be."""
    if "default" not in (databases or []):
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_user")
        if cursor.fetchone()[0] != settings.RUNTIME_ROLE:
            return []
        cursor.execute(
            "SELECT t FROM unnest(%s::text[]) t WHERE has_table_privilege(t, 'UPDATE, DELETE, TRUNCATE')",
            [append_only_tables()],
        )
        loose = [name for (name,) in cursor.fetchall()]
    if not loose:
        return []
    hint = "As the owner: manage.py grant_runtime"
    return [checks.Error(f"The web role can change evidence: {', '.join(loose)}.", hint=hint, id="config.E002")]


def endless_locks(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Only with `check --database default`: a process that hangs in a transaction loses its rows."""
    if "default" not in (databases or []):
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        if cursor.fetchone()[0] != "0":
            return []
    hint = f"ALTER ROLE {settings.RUNTIME_ROLE} SET idle_in_transaction_session_timeout = '30s'; then connect anew."
    return [checks.Error("A process that hangs could keep a page locked for ever.", hint=hint, id="config.E003")]
