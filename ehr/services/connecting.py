"""Connect a clinic to its chart, and say how the chart knows our patients."""

from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from core.models import Clinic, User
from ehr.models import Connection


def connect_sandbox(*, clinic: Clinic, base_url: str) -> Connection:
    """Point a demo clinic at the sandbox chart; refused outside the demo by check ehr.E001 and when it is used."""
    connection, _ = Connection.objects.update_or_create(
        clinic=clinic,
        defaults={"name": "Sandbox chart", "base_url": base_url, "auth": Connection.Auth.SANDBOX},
    )
    return connection


@transaction.atomic
def set_mrn_system(*, connection: Connection, mrn_system: str, by: User) -> None:
    """Under which URI the chart keeps our MRNs, from the next look-up on; empty stops looking anybody up."""
    kept = Connection.objects.select_for_update().get(pk=connection.pk)
    kept.mrn_system = mrn_system
    kept.save(update_fields=["mrn_system"])
    audit.services.record(
        Action.CONNECTION_SAVED,
        actor=Actor.staff(by.id),
        obj=Ref("ehr.Connection", str(kept.pk)),
        clinic_id=kept.clinic_id,
        context={"mrn_system": mrn_system},
    )
