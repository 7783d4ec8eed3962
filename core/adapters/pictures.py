"""What a camera sent becomes a plain JPEG: decoded, turned upright, made small and written anew, so only pixels stay.

Nothing of the file survives but what was seen: no EXIF (place, time, owner), colour profile, comment, second picture
or trailing bytes. The limits are looked at before a pixel is decoded: the size in the header is what memory would hold.
"""

import io
import struct
import zlib
from dataclasses import dataclass

from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")  # what phones and browsers make; every other decoder stays shut
LONGEST_SIDE = 1600  # pixels: small print on a card stays readable
THUMBNAIL_SIDE = 320
# What a phone's camera takes. A JPEG is decoded at a fraction of its size, anything else whole: 4 bytes for a pixel.
MOST_PIXELS_OF_A_JPEG, MOST_PIXELS = 50_000_000, 25_000_000
QUALITY = 85
# What Pillow's decoders raise on broken or hostile bytes.
BROKEN = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError, MemoryError,
    struct.error, zlib.error,
)  # fmt: skip


class NotAPhoto(Exception):
    """`code`: "empty", "not-a-picture", "broken" or "too-many-pixels"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Picture:
    """A JPEG in RGB; width and height in pixels."""

    jpeg: bytes
    width: int
    height: int


def developed(raw: bytes, *, longest_side: int = LONGEST_SIDE) -> Picture:
    """The picture in `raw`, upright and at most `longest_side` pixels wide and high. Raises NotAPhoto.

    Of an animation or a series the first picture; what is transparent turns white; CMYK and grey turn to RGB.
    """
    if not raw:
        raise NotAPhoto("empty")
    try:
        return _written(_upright(_opened(raw), longest_side))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise NotAPhoto("too-many-pixels") from bomb
    except UnidentifiedImageError as other:
        raise NotAPhoto("not-a-picture") from other
    except BROKEN as broken:
        raise NotAPhoto("broken") from broken


def _opened(raw: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(raw), formats=FORMATS)
    if image.width * image.height > (MOST_PIXELS_OF_A_JPEG if image.format in ("JPEG", "MPO") else MOST_PIXELS):
        raise NotAPhoto("too-many-pixels")
    return image


def _upright(image: Image.Image, longest_side: int) -> Image.Image:
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint, once imported, lets everybody's half pictures pass
    image.draft("RGB", (longest_side, longest_side))  # a large JPEG is decoded at a fraction of its size
    image.load()
    try:
        turned = ImageOps.exif_transpose(image)
    except (*BROKEN, Warning):  # unreadable EXIF turns nothing
        turned = image
    turned.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return turned


def _written(image: Image.Image) -> Picture:
    """On a new white canvas: what the old image object carries along stays with it."""
    canvas = Image.new("RGB", image.size, "white")
    if image.mode in ("RGBA", "LA", "PA", "P") or "transparency" in image.info:
        clear = image.convert("RGBA")
        canvas.paste(clear, mask=clear.getchannel("A"))
    else:
        canvas.paste(image.convert("RGB"))
    out = io.BytesIO()
    canvas.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Picture(out.getvalue(), canvas.width, canvas.height)
