"""FHIR JSON in and out, with the digits of a decimal as they were given: 1.50 stays 1.50 (FHIR R4, "decimal")."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def dumps(value: Any) -> bytes:
    """UTF-8 JSON. TypeError for what JSON has no word for, ValueError for NaN and infinity."""
    return _text(value).encode()


def loads(body: bytes | str) -> Any:
    """JSON with every fraction as a Decimal. ValueError when it is none, or nested without end."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a FHIR decimal is finite")
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(name)}:{_text(child)}" for name, child in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
