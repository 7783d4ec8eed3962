"""A timestamp authority's word (RFC 3161) that a PDF was there. The only place of `consents` that uses the network."""

from io import BytesIO

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps import HTTPTimeStamper, TimestampRequestError

from consents.adapters.examiner import examine
from consents.adapters.signer import DIGEST

# Room for the answer, so that the authority is asked once and not first for a sample to measure.
MOST_BYTES = 12_288


class NotStamped(Exception):
    """The authority gave no good answer; the text is one line."""


def stamp(pdf: bytes, *, url: str, seconds: int) -> bytes:
    """The PDF with the authority's word appended: its own bytes stay the first ones. Raises NotStamped."""
    asking = PdfTimeStamper(HTTPTimeStamper(url, timeout=seconds))
    try:
        answered: BytesIO = asking.timestamp_pdf(
            IncrementalPdfFileWriter(BytesIO(pdf)), DIGEST, bytes_reserved=2 * MOST_BYTES
        )
    except TimestampRequestError as error:
        raise NotStamped("the timestamp authority does not answer, or with an error") from error
    except (SigningError, OSError, ValueError, TypeError) as error:
        raise NotStamped("the timestamp authority's answer can't be read") from error
    stamped = answered.getvalue()
    found = examine(stamped)
    if not stamped.startswith(pdf) or found.stamped_at is None:
        raise NotStamped("the timestamp authority answered for something else")
    if not found.whole:  # later nobody could tell this file from a changed one
        raise NotStamped("the timestamp authority's answer is in a form that can't be checked")
    return stamped
