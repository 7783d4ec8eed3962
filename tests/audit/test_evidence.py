"""The database refuses to change evidence: as the web role by privilege, as the owner by trigger."""

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

import audit.services
from audit.actions import Action, Actor, Ref
from config.management.commands.grant_runtime import append_only_tables

ME = Actor.system("test")


def test_the_tables_that_only_grow_are_these():
    tables = append_only_tables()
    for expected in ("audit_event", "audit_leaf", "consents_signature", "core_historicalpatient", "intake_submission"):
        assert expected in tables


@pytest.mark.parametrize("table", append_only_tables())
@pytest.mark.parametrize("statement", ["UPDATE {t} SET {c} = {c}", "DELETE FROM {t}", "TRUNCATE {t} CASCADE"])
def test_the_web_role_can_not_change_it(db, table, statement):
    with connection.cursor() as cursor:
        cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s LIMIT 1", [table])
        column = cursor.fetchone()[0]
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            cursor.execute(statement.format(t=table, c=f'"{column}"'))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement", ["UPDATE audit_event SET actor_id = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event"]
)
def test_the_owner_is_refused_by_the_trigger(owner_sql, statement):
    audit.services.record(Action.AUDIT_READ, actor=ME, obj=Ref("t", "1"))
    with pytest.raises(psycopg.errors.RestrictViolation, match="only grows"):
        owner_sql.execute(statement)


def test_the_web_role_owns_nothing(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False, False)
        cursor.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("value", ["a sentence, with words", "x" * 200, {"a": 1}, 1.5, "naïve answer"])
def test_what_could_be_phi_is_not_recordable(db, value):
    with pytest.raises(audit.services.NotRecordable):
        audit.services.record(Action.AUDIT_READ, actor=ME, obj=Ref("t", "1"), context={"field": value})


def test_an_unknown_action_is_refused(db):
    with pytest.raises(ValueError, match="not a valid Action"):
        audit.services.record("patient.vanished", actor=ME, obj=Ref("t", "1"))
