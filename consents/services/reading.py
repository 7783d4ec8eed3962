"""A signed document for somebody to read. Apart from sealing, which loads what signs PDFs: only workers need that."""

import base64
from dataclasses import replace
from uuid import UUID

from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from consents import selectors
from consents.models import Timestamp


def read_document(*, signature_id: UUID, actor: Actor) -> selectors.SignedDocument | None:
    """The signed document for somebody to read, with the event that says so. Ask who may first.

    With the timestamp authority's word where there is one; its first bytes are those that the patient has.
    """
    with transaction.atomic():
        document = selectors.document_for(signature_id)
        if document:
            stamped = Timestamp.objects.filter(sealed=signature_id, stamped_at__isnull=False).first()
            if stamped and stamped.pdf:
                document = replace(document, pdf=base64.b64decode(stamped.pdf), sha256=stamped.pdf_sha256)
            audit.services.record(
                Action.DOCUMENT_READ,
                actor=actor,
                obj=Ref("consents.Signature", str(signature_id)),
                clinic_id=document.clinic_id,
                patient_id=document.patient_id,
            )
    return document
