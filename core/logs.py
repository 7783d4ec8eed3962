"""Log lines hold ids and reasons. What a library adds of a request, a value or an address is cut here."""

import logging
import re

# A value that reached a log by accident most often arrives as an exception's text or a URL's query.
QUERY = re.compile(r"(\?|#)[^\s\"']+")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class ScrubbedFormatter(logging.Formatter):
    """One line, no control characters, no query strings, no e-mail addresses, tracebacks without values."""

    def format(self, record: logging.LogRecord) -> str:
        return CONTROL.sub("·", EMAIL.sub("[address]", QUERY.sub("[query]", super().format(record))))

    def formatException(self, ei: object) -> str:
        """Where it failed and the exception's class; never its text, which may quote an answer or a row."""
        kind, _, trace = ei  # type: ignore[misc]  # logging hands a sys.exc_info() triple
        frames = []
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        return f"{kind.__name__ if kind else 'error'} at " + " < ".join(reversed(frames))
