"""Give the runtime role what it needs and nothing more; run by the owner after each migrate. Idempotent.

The runtime role reads and writes rows. It owns nothing, can't TRUNCATE anything, and can't UPDATE or DELETE
what only grows: tables of models marked APPEND_ONLY, and every history table.
"""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from psycopg import sql


def append_only_tables() -> list[str]:
    """Tables that only grow, by the models' own word."""
    return sorted(
        model._meta.db_table
        for model in apps.get_models()
        if getattr(model, "APPEND_ONLY", False) or hasattr(model, "history_object")
    )


class Command(BaseCommand):
    help = "Grant the runtime role its privileges (run as the owner, after migrate)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("createcachetable", verbosity=0)
        grant(str(settings.RUNTIME_ROLE))


def grant(role: str) -> None:
    """Raises CommandError in one line when the connected role may not grant."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s)", [role])
        me, exists = cursor.fetchone()
        if me == role:
            raise CommandError(
                "The runtime role can't grant to itself. Set DATABASE_URL to the owner for this command."
            )
        if not exists:
            raise CommandError(f"The role {role} does not exist. Run ./run setup, or create it.")
        name = sql.Identifier(role)
        for statement in (
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
            "GRANT USAGE ON SCHEMA public TO {}",
            "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
            "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}",
        ):
            cursor.execute(sql.SQL(statement).format(name))
        for table in append_only_tables():
            cursor.execute(sql.SQL("REVOKE UPDATE, DELETE ON {} FROM {}").format(sql.Identifier(table), name))
