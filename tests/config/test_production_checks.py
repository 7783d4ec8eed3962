"""Unsafe configuration is found at start, with an id and a sentence."""

from django.core.checks import run_checks
from django.db import connection

from core.models import Clinic
from ehr.services.connecting import connect_sandbox


def ids(**how) -> set[str | None]:
    return {found.id for found in run_checks(**how)}


def test_the_demo_is_refused_outside_development(settings):
    settings.DEMO, settings.DEVELOPMENT = True, False
    assert "config.E001" in ids()
    settings.DEVELOPMENT = True
    assert "config.E001" not in ids()


def test_a_sandbox_chart_is_refused_outside_development(settings, world):
    connect_sandbox(clinic=Clinic.objects.get(pk=world.clinic.pk), base_url="http://127.0.0.1:9/fhir")
    settings.DEVELOPMENT = False
    assert "ehr.E001" in ids(databases=["default"])
    settings.DEVELOPMENT = True
    assert "ehr.E001" not in ids(databases=["default"])


def test_a_chart_on_this_machine_is_refused_outside_development(settings):
    settings.EHR_ALLOW_LOOPBACK, settings.DEVELOPMENT = True, False
    assert "ehr.E002" in ids()


def test_the_granted_runtime_role_is_fine(world):
    assert "config.E002" not in ids(databases=["default"])


def test_a_loose_grant_is_named(transactional_db, owner_sql):
    owner_sql.execute("GRANT UPDATE ON audit_event TO candor_web")
    try:
        assert "config.E002" in ids(databases=["default"])
    finally:
        owner_sql.execute("REVOKE UPDATE ON audit_event FROM candor_web")


def test_a_process_that_hangs_in_a_transaction_loses_its_locks(db):
    """tests/flows/test_chaos.py shows what it is for; this, that installations have it."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("30s",)
    assert "config.E003" not in ids(databases=["default"])


def test_a_role_without_that_limit_is_named(db):
    """As behind PgBouncer, until the role has it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    assert "config.E003" in ids(databases=["default"])
