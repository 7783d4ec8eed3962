"""pyHanko's signature on a PDF: PAdES, as the author's, after which nothing may be added but a timestamp."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from uuid import UUID

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner

FIELD = "Seal"
CLAIM = "candor"  # then the number without its dashes: pyHanko would write those as escapes
DIGEST = "sha256"


def sign(pdf: bytes, signer: SimpleSigner, *, reference: UUID) -> bytes:
    """The PDF with its signature appended: its own bytes stay the first ones. `reference` stands in it, readable."""
    how = PdfSignatureMetadata(
        field_name=FIELD,
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        md_algorithm=DIGEST,
        reason=CLAIM + reference.hex,
    )
    where = SigFieldSpec(FIELD, readable_field_name="Seal of the clinic")
    pen = PdfSigner(how, signer, new_field_spec=where)
    with ThreadPoolExecutor(1) as pool:  # pyHanko starts an event loop, which a thread that already has one refuses
        signed: BytesIO = pool.submit(pen.sign_pdf, IncrementalPdfFileWriter(BytesIO(pdf))).result()
    return signed.getvalue()
