"""A timestamp authority's word on each sealed PDF. It comes when it comes: nobody waits for it, least of all a patient.

The authority gets a hash. While it is down the whole queue rests, each time longer: one unanswered call per rest is
all that the loop, which also pages people, ever waits.
"""

import base64
import hashlib
import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

import audit.services
from audit.actions import Action, Ref
from consents.adapters import timestamper
from consents.adapters.timestamper import NotStamped
from consents.models import Timestamp
from consents.services.sealing import SEALER
from core import clock
from core.clock import Now

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=1)


def ask_authority(pdf: bytes) -> bytes:
    return timestamper.stamp(pdf, url=settings.TSA_URL, seconds=settings.TSA_SECONDS)


def stamp_due(limit: int = 5, *, stamp: Callable[[bytes], bytes] = ask_authority) -> int:
    """Have up to `limit` due PDFs stamped; returns how many. Without an authority they wait until there is one."""
    stamped = 0
    for _ in clock.turns(limit if settings.TSA_URL else 0):
        claimed = _claim()
        if claimed is None:
            break
        try:
            stamped += _keep(claimed, stamp(base64.b64decode(claimed.sealed.pdf or "")))
        except NotStamped as error:
            rest = _rest(claimed)
            log.warning("%s; documents wait %d minutes for their timestamp", error, rest.total_seconds() // 60)
            break
    return stamped


def _claim() -> Timestamp | None:
    """Take the oldest due row for one lease; its attempt number is the fence."""
    with transaction.atomic():
        row = (
            Timestamp.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("sealed__signature__version__document")
            .filter(stamped_at__isnull=True, due_at__lte=Now())
            .order_by("due_at")
            .first()
        )
        if row:
            Timestamp.objects.filter(pk=row.pk).update(due_at=Now() + LEASE, attempt=F("attempt") + 1)
            row.attempt += 1
    return row


def _rest(claimed: Timestamp) -> timedelta:
    """What is due rests with it: 1, 2, 4 … minutes, at most an hour."""
    rest = min(timedelta(minutes=2 ** min(claimed.attempt - 1, 6)), LONGEST_REST)
    waiting = Timestamp.objects.filter(stamped_at__isnull=True, due_at__lte=Now() + LEASE)
    waiting.update(due_at=Now() + rest)
    return rest


def _keep(claimed: Timestamp, content: bytes) -> bool:
    """Store the stamped PDF unless a later claim did; the evidence names its hash."""
    signature, digest = claimed.sealed.signature, hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        kept = Timestamp.objects.filter(pk=claimed.pk, stamped_at__isnull=True, attempt=claimed.attempt).update(
            pdf=base64.b64encode(content).decode(), pdf_sha256=digest, due_at=None, stamped_at=Now()
        )
        if kept:
            audit.services.record(
                Action.DOCUMENT_STAMPED,
                actor=SEALER,
                obj=Ref("consents.Signature", str(signature.id)),
                clinic_id=signature.version.document.clinic_id,
                patient_id=signature.patient_id,
                context={"pdf_sha256": digest, "sealed_sha256": claimed.sealed.pdf_sha256},
            )
    return bool(kept)
