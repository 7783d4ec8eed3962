"""FHIR R4 values: read from JSON into typed objects and compared as the specification compares them.

A value is read or refused, never guessed: the string "1" is not the number 1, `true` is not 1, 30 February is no date.
The regular expressions follow the data types page of FHIR R4 (date, dateTime, time, uri, string).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

LARGEST_INTEGER: Final = 2**31 - 1  # FHIR R4 integer: 32 bit, signed
LONGEST_STRING: Final = 2**20  # FHIR R4 string: "Strings SHALL NOT exceed 1MB in size"
_MOST_DIGITS: Final = 100  # far beyond any dose or score; keeps a hostile exponent from filling memory
_BAD_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_DATE = r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?"
_CLOCK = r"(\d{2}):(\d{2}):(\d{2}(?:\.\d+)?)"
_DATE_TIME = re.compile(rf"{_DATE}(?:T{_CLOCK}(Z|[+-]\d{{2}}:\d{{2}}))?", re.ASCII)
_TIME = re.compile(_CLOCK, re.ASCII)


class UnreadableValue(ValueError):
    """This JSON is no value of that type. `code` says why: wrong-type, impossible-date, impossible-time,
    bad-characters or too-long."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Coding:
    """Two codings are equal when system and code are; the display is only words."""

    system: str | None
    code: str
    display: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Quantity:
    value: Decimal | None
    unit: str = ""
    system: str | None = None
    code: str | None = None
    comparator: str = ""

    def same_unit(self, other: "Quantity") -> bool:
        """Whether the two can be compared at all: we convert nothing, 5 kg and 5 lb have no order here."""
        if self.code or other.code:
            return (self.system, self.code) == (other.system, other.code)
        return self.unit == other.unit


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, dateTime or time, as precise as it was given.

    `parts` is (year), (year, month) or (year, month, day), empty for a time of day. `seconds` is the time since
    midnight for a time of day, the time since year 1 in UTC for a full dateTime, and None where no clock was given.
    """

    parts: tuple[int, ...]
    seconds: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    url: str
    content_type: str = ""
    title: str = ""
    has_data: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    reference: str
    display: str = field(default="", compare=False)


Content = bool | int | Decimal | str | Moment | Coding | Quantity | Attachment | Reference


@dataclass(frozen=True, slots=True)
class Value:
    """A value with its FHIR type: boolean, integer, decimal, date, dateTime, time, string, uri, Coding, Quantity, …"""

    type: str
    content: Content


SUFFIXES: Final[Mapping[str, str]] = {
    "Boolean": "boolean",
    "Integer": "integer",
    "Decimal": "decimal",
    "Date": "date",
    "DateTime": "dateTime",
    "Time": "time",
    "String": "string",
    "Uri": "uri",
    "Coding": "Coding",
    "Quantity": "Quantity",
    "Attachment": "Attachment",
    "Reference": "Reference",
}
TYPES: Final[Mapping[str, str]] = {type_: suffix for suffix, type_ in SUFFIXES.items()}


def read(type_: str, raw: Any) -> Value | None:
    """The value that this JSON holds; None where it is blank (white space, an empty object), which is no answer.

    Raises UnreadableValue for JSON that is no value of the type.
    """
    content = _READERS[type_](raw)
    return None if content is None else Value(type_, content)


def equal(a: Value, b: Value) -> bool:
    """Whether the two are certainly equal: 2024 and 2024-05 are not, and neither are 5 mg and 5 mL."""
    return order(a, b) == 0


def order(a: Value, b: Value) -> int | None:
    """-1, 0 or 1; None where the two have no order (other type, other unit, precision that doesn't decide)."""
    left, right = a.content, b.content
    if isinstance(left, bool) or isinstance(right, bool):
        return 0 if left is right else None
    if isinstance(left, int | Decimal) and isinstance(right, int | Decimal):
        return (left > right) - (left < right)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if isinstance(left, Moment) and isinstance(right, Moment):
        return _order_of_moments(left, right)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return _order_of_quantities(left, right)
    return 0 if type(left) is type(right) and left == right else None


def _order_of_moments(a: Moment, b: Moment) -> int | None:
    if bool(a.parts) != bool(b.parts):
        return None
    if a.seconds is not None and b.seconds is not None:
        return (a.seconds > b.seconds) - (a.seconds < b.seconds)
    shared = min(len(a.parts), len(b.parts))
    left, right = a.parts[:shared], b.parts[:shared]
    if left != right:
        return 1 if left > right else -1
    return 0 if len(a.parts) == len(b.parts) and a.seconds is None and b.seconds is None else None


def _order_of_quantities(a: Quantity, b: Quantity) -> int | None:
    if a.value is None or b.value is None or a.comparator or b.comparator or not a.same_unit(b):
        return None
    return (a.value > b.value) - (a.value < b.value)


def _read_boolean(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise UnreadableValue("wrong-type")
    return raw


def _read_integer(raw: Any) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool) or not -LARGEST_INTEGER - 1 <= raw <= LARGEST_INTEGER:
        raise UnreadableValue("wrong-type")
    return raw


def _read_decimal(raw: Any) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal):
        raise UnreadableValue("wrong-type")
    # repr() of a float is the shortest text that reads back the same: 0.1 stays 0.1
    number = Decimal(repr(raw)) if isinstance(raw, float) else Decimal(raw)
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS or len(number.as_tuple().digits) > _MOST_DIGITS:
        raise UnreadableValue("wrong-type")
    return number


def _read_string(raw: Any) -> str | None:
    if not isinstance(raw, str):
        raise UnreadableValue("wrong-type")
    if len(raw) > LONGEST_STRING:
        raise UnreadableValue("too-long")
    if _BAD_CHARACTERS.search(raw):
        raise UnreadableValue("bad-characters")
    return raw if raw.strip() else None


def _read_uri(raw: Any) -> str | None:
    uri = _read_string(raw)
    if uri is not None and re.search(r"\s", uri):
        raise UnreadableValue("wrong-type")
    return uri


def _read_date(raw: Any) -> Moment | None:
    moment = _read_date_time(raw)
    if moment is not None and moment.seconds is not None:
        raise UnreadableValue("wrong-type")
    return moment


def _read_date_time(raw: Any) -> Moment | None:
    text = _read_string(raw)
    if text is None:
        return None
    found = _DATE_TIME.fullmatch(text)
    if not found:
        raise UnreadableValue("impossible-date")
    parts = tuple(int(part) for part in found.groups()[:3] if part)
    days = _days(parts)
    if not found[4]:
        return Moment(parts)
    if len(parts) < 3:
        raise UnreadableValue("impossible-date")
    seconds = _seconds(found[4], found[5], found[6])
    if seconds is None:
        raise UnreadableValue("impossible-date")
    return Moment(parts, days * 86400 + seconds - _offset(found[7]))


def _read_time(raw: Any) -> Moment | None:
    text = _read_string(raw)
    if text is None:
        return None
    found = _TIME.fullmatch(text)
    seconds = _seconds(*found.groups()) if found else None
    if seconds is None:
        raise UnreadableValue("impossible-time")
    return Moment((), seconds)


def _days(parts: tuple[int, ...]) -> int:
    year, month, day = (*parts, 1, 1)[:3]
    try:
        return date(year, month, day).toordinal()
    except ValueError as error:
        raise UnreadableValue("impossible-date") from error


def _seconds(hour: str, minute: str, second: str) -> Decimal | None:
    """Seconds since midnight; None where no clock shows that. 60 is FHIR's leap second."""
    if int(hour) > 23 or int(minute) > 59 or int(second[:2]) > 60 or len(second) > 12:
        return None
    return int(hour) * 3600 + int(minute) * 60 + Decimal(second)


def _offset(zone: str) -> int:
    if zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 14 or minutes > 59:
        raise UnreadableValue("impossible-date")
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)


def _object(raw: Any, *texts: str) -> Mapping[str, Any]:
    """The raw object, its named members checked to be text."""
    if not isinstance(raw, Mapping) or any(not isinstance(raw.get(name, ""), str) for name in texts):
        raise UnreadableValue("wrong-type")
    if any(_BAD_CHARACTERS.search(raw.get(name, "")) for name in texts):
        raise UnreadableValue("bad-characters")
    return raw


def _read_coding(raw: Any) -> Coding | None:
    given = _object(raw, "system", "code", "display")
    if not given.get("code", "").strip() and not given.get("display", "").strip():
        return None
    return Coding(given.get("system") or None, given.get("code", ""), given.get("display", ""))


def _read_quantity(raw: Any) -> Quantity | None:
    given = _object(raw, "unit", "system", "code", "comparator")
    if "value" not in given:
        return None
    return Quantity(
        _read_decimal(given["value"]),
        given.get("unit", ""),
        given.get("system") or None,
        given.get("code") or None,
        given.get("comparator", ""),
    )


def _read_attachment(raw: Any) -> Attachment | None:
    given = _object(raw, "url", "contentType", "title", "data")
    if not given.get("url", "").strip() and not given.get("data", "").strip():
        return None
    return Attachment(
        given.get("url", ""), given.get("contentType", ""), given.get("title", ""), has_data=bool(given.get("data"))
    )


def _read_reference(raw: Any) -> Reference | None:
    given = _object(raw, "reference", "display")
    if not given.get("reference", "").strip() and not given.get("display", "").strip() and not given.get("identifier"):
        return None
    return Reference(given.get("reference", ""), given.get("display", ""))


_READERS: Final[Mapping[str, Callable[[Any], Content | None]]] = {
    "boolean": _read_boolean,
    "integer": _read_integer,
    "decimal": _read_decimal,
    "date": _read_date,
    "dateTime": _read_date_time,
    "time": _read_time,
    "string": _read_string,
    "uri": _read_uri,
    "Coding": _read_coding,
    "Quantity": _read_quantity,
    "Attachment": _read_attachment,
    "Reference": _read_reference,
}
