"""A process of its own that turns HTML into PDF and can do nothing else: no network, no files, no secrets.

Started by `press.py` as a script, with a socket as its standard input. It stays warm: importing WeasyPrint takes
longer than rendering. Frames are a length (4 bytes, big endian) and that many bytes; asked are a style sheet and a
page, answered is one letter (see `press.ANSWERS`) and the PDF.
"""

import os
import resource
import socket
import sys
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

try:
    import weasyprint
    from weasyprint import CSS, HTML
    from weasyprint.urls import FatalURLFetchingError
except OSError:  # WeasyPrint loads Pango when it is imported
    HTML = None

SECONDS, MEGABYTES = 10, 1024
# What rendering may open: Python's own files and WeasyPrint's. Fonts are read by C libraries and don't pass here.
OWN = [Path(sys.prefix), Path(sys.base_prefix), *([Path(weasyprint.__file__).parents[1]] if HTML else [])]
FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "ctypes.dlopen", "shutil.")
asked: list[str] = []


def refuse(url: str) -> NoReturn:
    """The fetcher: the style sheet is handed over as text, so nothing at all has to be fetched."""
    asked.append(url)
    raise FatalURLFetchingError


def read_our_own(name: Any, mode: object) -> bool:
    """An open file by its number, or one of `OWN` to be read."""
    if isinstance(mode, str) and {*mode} & {*"wax+"}:
        return False
    return isinstance(name, int) or any(Path(os.fsdecode(name)).resolve().is_relative_to(place) for place in OWN)


def wall(event: str, args: tuple[object, ...]) -> None:
    """The last one, should the fetcher be walked around: whatever reaches for the outside raises and is remembered."""
    if event.startswith(FORBIDDEN) or (event == "open" and not read_our_own(args[0], args[1])):
        asked.append(event)
        raise PermissionError(event)


def rendered(style: str, page: str) -> tuple[bytes, bytes]:
    """The answer's letter and the PDF. An SVG swallows the refusal and would leave a hole, so it is asked again."""
    asked.clear()
    target = BytesIO()
    try:
        sheet = CSS(string=style, url_fetcher=refuse)
        HTML(string=page, url_fetcher=refuse).write_pdf(target, stylesheets=[sheet], pdf_variant="pdf/ua-1")
    except FatalURLFetchingError:
        return b"R", b""
    except OSError:
        return b"R" if asked else b"F", b""
    except MemoryError:
        return b"M", b""
    return (b"R", b"") if asked else (b"P", target.getvalue())


def limit() -> None:
    """Processor time for this page alone: whoever waits may be gone, and nobody else would stop it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


def frame(stream: BinaryIO) -> str | None:
    length = stream.read(4)
    return stream.read(int.from_bytes(length, "big")).decode() if length else None


def serve(connection: socket.socket) -> None:
    with connection, connection.makefile("rb") as stream:
        connection.sendall(b"P" if HTML else b"N")
        while HTML and (style := frame(stream)) is not None:
            limit()
            letter, pdf = rendered(style, frame(stream) or "")
            connection.sendall(letter + len(pdf).to_bytes(4, "big") + pdf)


if __name__ == "__main__":
    inherited = socket.socket(fileno=os.dup(0))
    resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES << 20, MEGABYTES << 20))
    if HTML:
        HTML(string="<p>x", url_fetcher=refuse).write_pdf()  # what it reads once, it reads now
    sys.addaudithook(wall)
    serve(inherited)
