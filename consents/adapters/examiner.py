"""What a PDF says about itself: whose seal it carries, and whether anything was changed since. Asks nobody."""

import re
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from uuid import UUID

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import (
    DocumentTimestampStatus,
    EmbeddedPdfSignature,
    PdfSignatureStatus,
    SignatureCoverageLevel,
    validate_pdf_signature,
    validate_pdf_timestamp,
)
from pyhanko_certvalidator import ValidationContext

from consents.adapters.envelope import as_written
from consents.adapters.signer import CLAIM

CLAIMED = re.compile(CLAIM.encode() + rb"([0-9a-f]{32})")


@dataclass(frozen=True)
class Findings:
    """`claims`: the signature's number that stands in the file. `sealed_by`: SHA-256 of the sealing certificate.

    `whole`: the seal is good, it or a timestamp covers the file to its last byte, and nothing else came after it.
    """

    is_pdf: bool
    claims: UUID | None = None
    sealed_by: bytes = b""
    sealed_at: datetime | None = None
    stamped_at: datetime | None = None
    whole: bool = False


def examine(content: bytes) -> Findings:
    if content.lstrip()[:5] != b"%PDF-":
        return Findings(is_pdf=False)
    claim = CLAIMED.search(content)
    claims = UUID(claim[1].decode()) if claim else None
    try:
        return _examined(content, claims)
    # Whoever made or damaged this file may have found something that pyHanko doesn't foresee: then it isn't whole.
    except Exception:
        return Findings(is_pdf=True, claims=claims)


def _examined(content: bytes, claims: UUID | None) -> Findings:
    reader = PdfFileReader(BytesIO(content))
    seals, stamps = reader.embedded_regular_signatures, reader.embedded_timestamp_signatures
    if len(seals) != 1 or not all(_nothing_between(content, one) for one in (*seals, *stamps)):
        return Findings(is_pdf=True, claims=claims)
    nobody = ValidationContext(trust_roots=[], allow_fetching=False)  # whom to trust is asked by fingerprint
    seal = validate_pdf_signature(seals[0], nobody)
    words = [validate_pdf_timestamp(one, nobody) for one in stamps]
    every: list[PdfSignatureStatus | DocumentTimestampStatus] = [seal, *words]
    return Findings(
        is_pdf=True,
        claims=claims,
        sealed_by=seal.signing_cert.sha256,
        sealed_at=seal.signer_reported_dt,
        stamped_at=max((one.timestamp for one in words if _good(one)), default=None),
        whole=all(_good(one) for one in every)
        and any(one.coverage == SignatureCoverageLevel.ENTIRE_FILE for one in every),
    )


def _good(status: PdfSignatureStatus | DocumentTimestampStatus) -> bool:
    """Unchanged, and what came after it is at most a timestamp."""
    return (
        status.intact
        and status.valid
        and status.coverage >= SignatureCoverageLevel.ENTIRE_REVISION
        and status.modification_level in (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES)
    )


def _nothing_between(content: bytes, one: EmbeddedPdfSignature) -> bool:
    """The stretch that a signature can't cover holds the signature itself, in hexadecimal, then zeros to the end."""
    _, start, end, _ = (int(number) for number in one.byte_range)
    inside = content[start + 1 : end - 1]
    raw = bytes.fromhex(inside.decode())
    written = as_written(one)
    return (
        raw[: len(written)] == written
        and not any(raw[len(written) :])
        and inside in (raw.hex().encode(), raw.hex().upper().encode())
    )
