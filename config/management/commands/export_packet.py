"""A submitted packet as a FHIR R4 Bundle on standard output; the export leaves an event."""

import uuid
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

import audit.services
import ehr.services.bundle
import intake.selectors
from audit.actions import Action, Actor, Ref
from ehr.mapping import wire


class Command(BaseCommand):
    help = "Write a submitted packet as a FHIR R4 Bundle."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("packet", help="the packet's id")
        parser.add_argument("--format", choices=["fhir"], default="fhir")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            finished = intake.selectors.finished(uuid.UUID(options["packet"]))
        except (ValueError, ObjectDoesNotExist):
            raise CommandError("No submitted packet has this id.") from None
        bundle = ehr.services.bundle.bundle_of(finished)
        audit.services.record(
            Action.PACKET_EXPORTED,
            actor=Actor.system("export_packet"),
            obj=Ref("intake.Packet", str(finished.packet.id)),
            clinic_id=finished.packet.clinic_id,
            patient_id=finished.packet.patient_id,
            context={"entries": len(bundle["entry"])},
        )
        self.stdout.write(wire.dumps(bundle).decode())
