"""What a document must hold, how hard it is to read, what changed in it. Pure: values in, values out."""

from consents.rules.comparing import Line, compare
from consents.rules.documents import (
    FIELD,
    FIELDS,
    TAG,
    DocumentSource,
    InvalidDocument,
    document_files,
    faults,
    order,
    own_lines,
    parse,
    readable,
    set_faults,
    tells,
    with_lines,
    written,
)
from consents.rules.elements import CATEGORIES, DECISIONS, OPTIONAL_ELEMENTS, REQUIRED_ELEMENTS, TPO_PURPOSES, WORDS
from consents.rules.reading import grade

__all__ = [
    "CATEGORIES", "DECISIONS", "FIELD", "FIELDS", "OPTIONAL_ELEMENTS", "REQUIRED_ELEMENTS", "TAG", "TPO_PURPOSES",
    "WORDS", "DocumentSource", "InvalidDocument", "Line", "compare", "document_files", "faults", "grade", "order",
    "own_lines", "parse", "readable", "set_faults", "tells", "with_lines", "written",
]  # fmt: skip
