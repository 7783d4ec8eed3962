"""What a PDF is made of, however it is packed."""

import re
import zlib

from pypdf import PdfReader
from pypdf.generic import NameObject


def everything_in(content: bytes) -> bytes:
    """The file, and every stream of it inflated."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    return content + b"".join(zlib.decompressobj().decompress(one) if one[:1] == b"x" else one for one in streams)


def names_in(reader: PdfReader) -> set[str]:
    """Every name of its structure, however it is packed. In the bytes a font may spell any of the short ones."""
    found: set[str] = set()
    size = reader.trailer["/Size"]
    assert isinstance(size, int)
    waiting: list[object] = [reader.get_object(number) for number in range(1, size)]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, NameObject):
            found.add(str(one))
    return found
