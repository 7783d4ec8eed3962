"""Connect a clinic to its chart."""

from core.models import Clinic
from ehr.models import Connection


def connect_sandbox(*, clinic: Clinic, base_url: str) -> Connection:
    """Point a demo clinic at the sandbox chart; refused outside the demo by check ehr.E001 and when it is used."""
    connection, _ = Connection.objects.update_or_create(
        clinic=clinic,
        defaults={"name": "Sandbox chart", "base_url": base_url, "auth": Connection.Auth.SANDBOX},
    )
    return connection
