"""Paper that belongs to a signature: kept with its hash, read with an event, compared by a second person.

That somebody else compares the scan of a signed permission with what was entered is our own measure; no rule asks it.
"""

import base64
import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from django.db import transaction

import audit.services
import core.doorbell
import core.outbox
from audit.actions import Action, Actor, Ref
from consents.models import Paper, PaperComparison, PrivacyTask, Signature
from consents.policy import PART2_KINDS, is_same
from consents.rules.paper_files import is_pdf
from consents.services.privacy import close_task, open_task
from core.adapters.pictures import NotAPhoto, developed
from core.models import Patient, User

COMPARED = "paper.compared"  # the outbox's topic: what waited for it is asked about again
# Where a signature's evidence names the hash of each.
EVIDENCE = {Paper.What.SIGNED: "paper_sha256", Paper.What.AUTHORITY: "authority_paper_sha256"}


LARGEST_PDF = 5_000_000
LEAST_SIDE = 100  # pixels: on less nothing can be read


class NotAPaper(Exception):
    """What came can't be kept as a paper; the text says what to do."""


class NotASecondPerson(Exception):
    """Whoever entered it doesn't compare it."""


class NotTheSame(Exception):
    """What the second person reads on the paper is not what was entered."""


@dataclass(frozen=True)
class Scan:
    """A PDF as it came, or a JPEG of which only the pixels are left. `content_type` is a `Paper.ContentType`."""

    content: bytes = field(repr=False)
    content_type: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def read_scan(raw: bytes) -> Scan:
    """A PDF is kept as it came; of a picture only the pixels are. What a file calls itself doesn't count.

    Raises NotAPaper.
    """
    if raw.startswith(b"%PDF-"):
        if len(raw) > LARGEST_PDF:
            raise NotAPaper("This PDF is larger than 5 MB. Scan it in grey, or take a photo.")
        if not is_pdf(raw):
            raise NotAPaper("This PDF has no page, or is locked. Scan it again.")
        return Scan(raw, "application/pdf")
    try:
        picture = developed(raw)
    except NotAPhoto as error:
        raise NotAPaper("This is no PDF and no photo that we can read. Scan it again.") from error
    if min(picture.width, picture.height) < LEAST_SIDE:
        raise NotAPaper("This picture is too small to be read. Scan it again.")
    return Scan(picture.jpeg, "image/jpeg")


def keep_paper(*, signature: Signature, what: str, scan: Scan, actor: Actor, entered_by: User | None = None) -> Paper:
    """In the transaction of the signature, whose evidence names the hash (`EVIDENCE`)."""
    paper = Paper.objects.create(
        signature=signature,
        what=what,
        content=base64.b64encode(scan.content).decode(),
        content_type=scan.content_type,
        sha256=scan.sha256,
        entered_by=entered_by,
    )
    _record(Action.PAPER_KEPT, paper, actor)
    if needs_comparing(signature):
        open_task(patient=signature.patient, kind=PrivacyTask.Kind.PAPER, ref=paper.id)
    return paper


def needs_comparing(signature: Signature) -> bool:
    """A permission that was signed on paper lets nothing leave before a second person has looked; a "no" counts."""
    is_paper = signature.evidence.get("method") == "paper"
    return is_paper and signature.kind in PART2_KINDS and signature.decision == Signature.Decision.SIGNED


@transaction.atomic
def compare_paper(
    *, paper: Paper, user: User, signer_name: str, decided_on: date, decision: str, options: Collection[str]
) -> bool:
    """A second person, who isn't shown what was entered, says what the scan shows: is it the same?

    False where somebody had said so before. Raises NotASecondPerson, NotTheSame.
    """
    Patient.objects.select_for_update(no_key=True).get(pk=paper.signature.patient_id)
    if paper.entered_by_id is None or paper.entered_by_id == user.id:
        raise NotASecondPerson
    signature = paper.signature
    ticked = {one["id"] for one in signature.statements if one["ticked"] and not one["required"]}
    said = (signature.decision, signature.evidence["decided_on"], ticked)
    if said != (decision, decided_on.isoformat(), {*options}) or not is_same(signature.signer_name, signer_name):
        raise NotTheSame
    _, is_new = PaperComparison.objects.get_or_create(
        paper=paper, defaults={"entered_by_id": paper.entered_by_id, "compared_by": user}
    )
    if is_new:
        _record(Action.PAPER_COMPARED, paper, Actor.staff(user.id))
        for task in PrivacyTask.objects.filter(kind=PrivacyTask.Kind.PAPER, ref=paper.id):
            close_task(task=task, user=user, note="The scan shows what was entered.")
        core.outbox.publish(COMPARED, signature.id)
        core.doorbell.ring("ehr.relay_finished")
    return is_new


@transaction.atomic
def read_paper(*, paper: Paper, user: User) -> Scan:
    """The bytes, with the event that says so. Ask who may first."""
    _record(Action.PAPER_READ, paper, Actor.staff(user.id))
    return Scan(base64.b64decode(paper.content), paper.content_type)


def _record(action: Action, paper: Paper, actor: Actor) -> None:
    patient = paper.signature.patient
    audit.services.record(
        action,
        actor=actor,
        obj=Ref("consents.Paper", str(paper.id)),
        clinic_id=patient.clinic_id,
        patient_id=patient.id,
        context={"what": paper.what, "sha256": paper.sha256, "signature": str(paper.signature_id)},
    )
