"""The PDF a patient keeps: made from the bytes that were signed, never from today's text, and signed by the clinic."""

import base64
import hashlib
import logging
from collections.abc import Callable
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F

import audit.services
import core.doorbell
import core.outbox
from audit.actions import Action, Actor, Ref
from consents import rendering, selectors
from consents.adapters import certificate, signer
from consents.adapters.certificate import NoCertificate
from consents.models import SealedDocument, Signature, Timestamp
from consents.rendering import CannotRender, Sheet, Statement
from core import clock
from core.clock import Now

log = logging.getLogger(__name__)

SEALER = Actor.system("sealer")


def sealed_pdf(sheet: Sheet) -> bytes:
    """Rendered and signed. Raises CannotRender, NoCertificate."""
    ours = certificate.of_the_clinic()
    return signer.sign(rendering.pdf(sheet), ours, reference=UUID(sheet.reference))


def seal_due(limit: int = 5, *, render: Callable[[Sheet], bytes] = sealed_pdf) -> int:
    """Seal up to `limit` due documents; returns how many. What can't be sealed stays due and is tried again.

    Each claim is committed before its document is rendered: a document that kills the worker holds up no other.
    """
    sealed = 0
    for _ in clock.turns(limit):
        claimed = _claim()
        if claimed is None:
            break
        signature = claimed.signature
        try:
            if hashlib.sha256(signature.shown_html.encode()).hexdigest() != signature.shown_sha256:
                raise CannotRender("the stored text is not the text that was signed")
            sealed += _keep(claimed, render(_sheet(signature)))
        except (CannotRender, NoCertificate) as error:
            log.warning("document of signature %s not sealed, next try in 10 minutes: %s", signature.id, error)
    return sealed


def _claim() -> SealedDocument | None:
    """Take the oldest due row for one lease; its attempt number is the fence."""
    with transaction.atomic():
        row = (
            SealedDocument.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("signature__version__document__clinic")
            .filter(sealed_at__isnull=True, due_at__lte=Now())
            .order_by("due_at")
            .first()
        )
        if row:
            SealedDocument.objects.filter(pk=row.pk).update(
                due_at=Now() + selectors.SEAL_LEASE, attempt=F("attempt") + 1
            )
            row.attempt += 1
    return row


def _keep(claimed: SealedDocument, content: bytes) -> bool:
    """Store the PDF unless a later claim did; the evidence names its hash."""
    signature, digest = claimed.signature, hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        kept = SealedDocument.objects.filter(pk=claimed.pk, sealed_at__isnull=True, attempt=claimed.attempt).update(
            pdf=base64.b64encode(content).decode(), pdf_sha256=digest, due_at=None, sealed_at=Now()
        )
        if kept:
            core.outbox.publish("document.sealed", signature.id)
            audit.services.record(
                Action.DOCUMENT_SEALED,
                actor=SEALER,
                obj=Ref("consents.Signature", str(signature.id)),
                clinic_id=signature.version.document.clinic_id,
                patient_id=signature.patient_id,
                context={"pdf_sha256": digest, "shown_sha256": signature.shown_sha256},
            )
            if settings.TSA_URL:
                Timestamp.objects.create(sealed=claimed)
                core.doorbell.ring("consents.stamp_due")
    return bool(kept)


def _sheet(signature: Signature) -> Sheet:
    version = signature.version
    clinic = version.document.clinic
    values = signature.fields["values"]
    return Sheet(
        title=version.title,
        version=version.version,
        language=version.language,
        clinic=clinic.name,
        shown_html=signature.shown_html,
        sha256=signature.shown_sha256,
        review_note=version.review_note,
        patient_name=values["patient_name"],
        signer_name=signature.signer_name,
        capacity=signature.capacity,
        authority=signature.authority or "",
        mark=signature.mark,
        values=values,
        statements=tuple(Statement(one["id"], one["text"], one["ticked"]) for one in signature.statements),
        signed_at=signature.signed_at.astimezone(ZoneInfo(clinic.time_zone)),
        evidence=signature.evidence,
        reference=str(signature.id),
    )
