"""pyHanko's signature on a PDF: PAdES, as the author's, after which nothing may be added but a timestamp."""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from io import BytesIO
from uuid import UUID

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner

from consents.adapters.certificate import Certificate

FIELD = "Seal"
CLAIM = "candor"  # then the number without its dashes: pyHanko would write those as escapes
DIGEST = "sha256"


def sign(pdf: bytes, ours: Certificate, *, reference: UUID) -> bytes:
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
    pen = PdfSigner(how, _signer(ours), new_field_spec=where)
    with ThreadPoolExecutor(1) as pool:  # pyHanko starts an event loop, which a thread that already has one refuses
        signed: BytesIO = pool.submit(pen.sign_pdf, IncrementalPdfFileWriter(BytesIO(pdf))).result()
    return signed.getvalue()


@lru_cache(maxsize=4)
def _signer(ours: Certificate) -> SimpleSigner:
    signer: SimpleSigner = SimpleSigner.load_pkcs12_data(ours.content, other_certs=[], passphrase=ours.passphrase)
    return signer
