"""Whether bytes are a PDF with a page, without running any of it (ISO 32000-1, 7.5: header, objects, trailer)."""

import re
import zlib
from collections.abc import Iterator

TAIL, HEAD = 2048, 1024  # where a trailer stands, and where a browser that guesses looks for markup
MOST_UNPACKED = 2_000_000  # bytes of one object stream; what unpacks to more isn't read on
MOST_STREAMS = 200
MARKUP = re.compile(rb"<(!doctype|html|head|body|script|svg|iframe)", re.IGNORECASE)
PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
PACKED = re.compile(rb"/Type\s*/ObjStm\b[^\x00]{0,300}?stream\r?\n")


def is_pdf(raw: bytes) -> bool:
    """A header, a trailer at the end, and a page; not locked, and nothing that a browser would take for a web page.

    Scanners may pack the page's object into a compressed stream (7.5.7): those are unpacked, up to a limit.
    """
    tail = raw[-TAIL:]
    is_whole = raw.startswith(b"%PDF-") and b"startxref" in tail and b"%%EOF" in tail
    if not is_whole or MARKUP.search(raw[:HEAD]):
        return False
    return bool(PAGE.search(raw)) or any(PAGE.search(one) for one in _unpacked(raw))


def _unpacked(raw: bytes) -> Iterator[bytes]:
    for number, found in enumerate(PACKED.finditer(raw)):
        if number == MOST_STREAMS:
            return
        try:
            yield zlib.decompressobj().decompress(raw[found.end() :], MOST_UNPACKED)
        except zlib.error:
            continue
