"""Papers for tests: the bytes of a PDF, and of a photo that carries more than its pixels."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

PDF = b"%PDF-1.7 signed with ink"


def photo() -> bytes:
    """A JPEG that also says who took it."""
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x013B] = "Marta the photographer"
    Image.new("RGB", (40, 30), "white").save(out, "JPEG", exif=exif)
    return out.getvalue()


def upload(content: bytes = PDF, name: str = "scan.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/octet-stream")
