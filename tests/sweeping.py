"""Back to the database as every test finds it: the form library, and nothing else.

The runtime role may not empty evidence tables, so the owner does it, on one connection that stays: a new one would have
to learn the tables anew, which takes longer than emptying them. Only what holds something, and row by row: TRUNCATE
gives each of a hundred tables a new file every time.
"""

from collections.abc import Iterable

from django.db import connections
from owner import connect
from psycopg.pq import TransactionStatus

KEPT = {"django_migrations", "django_content_type", "auth_permission", "candor_cache", "intake_concept"}


class Sweeper:
    """`library`: the ids of the forms that ship."""

    def __init__(self, library: Iterable[object]) -> None:
        self.owner = connect(autocommit=True)
        self.owner.prepare_threshold = 0
        rows = self.owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        self.rows = {name: f'"{name}"' for (name,) in rows if name not in KEPT}
        self.rows["intake_formversion"] += f" WHERE id != ALL('{{{','.join(map(str, library))}}}'::uuid[])"
        full = (f"SELECT '{name}' WHERE EXISTS (SELECT FROM {of})" for name, of in self.rows.items())
        self.full = " UNION ALL ".join(full)
        refusing = self.owner.execute(  # to delete or truncate
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgtype & 40 <> 0"
        )
        self.guarded = {name for (name,) in refusing}

    def sweep(self) -> None:
        for one in connections.all(initialized_only=True):
            if one.connection and one.connection.info.transaction_status != TransactionStatus.IDLE:
                one.close()
        with self.owner.transaction():
            full = {name for (name,) in self.owner.execute(self.full)}
            guarded = full & self.guarded
            for name in guarded:
                self.owner.execute(f'ALTER TABLE "{name}" DISABLE TRIGGER USER')
            for name in full:
                self.owner.execute(f"DELETE FROM {self.rows[name]}")
            self.owner.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what a trigger still has to check forbids ALTER TABLE
            for name in guarded:
                self.owner.execute(f'ALTER TABLE "{name}" ENABLE TRIGGER USER')

    def close(self) -> None:
        self.owner.close()
