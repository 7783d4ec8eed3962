"""Log lines hold ids and reasons. What a library adds of a request, a value or an address is cut here."""

import logging
import re
from types import TracebackType

# A value that reached a log by accident most often arrives as an exception's text or a URL's query.
QUERY = re.compile(r"(\?|#)[^\s\"']+")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class ScrubbedFormatter(logging.Formatter):
    """One line, no control characters, no query strings, no e-mail addresses, tracebacks without values."""

    def format(self, record: logging.LogRecord) -> str:
        return CONTROL.sub("·", EMAIL.sub("[address]", QUERY.sub("[query]", super().format(record))))

    def formatException(self, ei: ExcInfo) -> str:
        """Where it failed and the exception's class; never its text, which may quote an answer or a row."""
        kind, trace = ei[0], ei[2]
        frames = []
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        return f"{kind.__name__ if kind else 'error'} at " + " < ".join(reversed(frames))
