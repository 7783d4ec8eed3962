"""What people type and pages post, read into FHIR answers; and answers written back the way people type them.

Dates are taken in US order (month first) in both languages, as the forms say; a two-digit year is the latest one that
is not in the future. What can't be read is refused with a code of `intake.engine.messages`, never guessed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any, Final

from intake.engine.definition import Item, Option, Words
from intake.engine.showing import as_typed
from intake.engine.values import LARGEST_INTEGER, Coding, UnreadableValue, read

_EARLIEST, _LATEST = 1800, 2200  # years; outside, it is a slip of the finger
LOST: Final = "\ufffd"  # what stands for bytes that were no text: something was lost on the way
_MOST_DIGITS: Final = 15  # what a JSON number carries without loss
_MONTH_NAMES = "jan ene|feb|mar|apr abr|may|jun|jul|aug ago|sep set|oct|nov|dec dic"  # their first letters
_MONTHS: Final = {
    name: number for number, names in enumerate(_MONTH_NAMES.split("|"), start=1) for name in names.split()
}

# Beside code and display; by UCUM code.
_UNIT_NAMES: Final[Mapping[str, set[str]]] = {
    "mg": {"mgs", "milligram", "milligrams", "miligramo", "miligramos"},
    "ug": {"mcg", "mcgs", "µg", "μg", "microgram", "micrograms", "microgramo", "microgramos"},
    "g": {"gram", "grams", "gramo", "gramos"},
    "mL": {"mls", "cc", "milliliter", "milliliters", "mililitro", "mililitros"},
    "[iU]": {"unit", "units", "iu", "unidad", "unidades"},
    "{tbl}": {"tab", "tabs", "tablet", "tablets", "pill", "pills", "cap", "caps", "capsule", "capsules"}
    | {"tableta", "tabletas", "pastilla", "pastillas", "cápsula", "cápsulas", "capsula", "capsulas"},
    "{puff}": {"puff", "inhalation", "inhalations", "inhalación", "inhalacion"},
    "{patch}": {"patch", "parche"},
    "[drp]": {"drop", "gota"},
}


@dataclass(frozen=True, slots=True)
class Context:
    """What reading needs to know besides the text: today, for two-digit years, and the clinic's time zone.

    Whoever gives no date gets 00-29 as this century's years and 30-99 as the last one's. `terms` are the FHIR answers
    for what names a term of a table, by table (Item.table) and text: no other code of such a question is taken.
    """

    today: date = date(2029, 12, 31)
    zone: tzinfo = UTC
    terms: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)


def read_entry(item: Item, text: str, context: Context, *, unit: str = "") -> dict[str, Any] | None:
    """The answer that was typed or chosen; None where it is blank. Raises UnreadableValue with a message's code."""
    if not text.strip():
        return None
    if LOST in text:
        raise UnreadableValue("bad-characters")
    term = context.terms.get((item.table, text.strip()))
    if term is not None:
        return dict(term)
    chosen = _choose(item, text.strip())
    if chosen is not None:
        return dict(chosen.answer)
    if item.options and item.type == "choice":
        raise UnreadableValue("not-an-option")
    return _READERS.get(item.type, _read_nothing)(item, text, context, unit)


def _choose(item: Item, text: str) -> Option | None:
    """By what the option posts, else by its bare code where only one option has it."""
    for option in item.options:
        if text in (option.value, as_typed(option.meaning)):
            return option
    same = [found for found in item.options if isinstance(found.meaning.content, Coding) and _code(found) == text]
    return same[0] if len(same) == 1 else None


def _code(option: Option) -> str:
    return option.meaning.content.code if isinstance(option.meaning.content, Coding) else ""


def _read_boolean(item: Item, text: str, context: Context, unit: str) -> dict[str, Any]:
    if text.strip() not in ("true", "false"):
        raise UnreadableValue("not-an-option")
    return {"valueBoolean": text.strip() == "true"}


def _read_integer(item: Item, text: str, context: Context, unit: str) -> dict[str, Any]:
    number = read_number(_without_unit(item, text)[0])
    if number != number.to_integral_value() or abs(number) > LARGEST_INTEGER:
        raise UnreadableValue("whole-number")
    return {"valueInteger": int(number)}


def _read_decimal(item: Item, text: str, context: Context, unit: str) -> dict[str, Any]:
    return {"valueDecimal": _json_number(read_number(_without_unit(item, text)[0]))}


def _read_quantity(item: Item, text: str, context: Context, unit: str) -> dict[str, Any]:
    number, typed_unit = _without_unit(item, text)
    coding = _find_unit(item, unit.strip() or typed_unit)
    if typed_unit and coding != _find_unit(item, typed_unit):
        raise UnreadableValue("unit-differs")  # 5 mg typed and mcg chosen: only the patient knows
    value = {"value": _json_number(_read_part(number) or read_number(number))}
    if coding is None:
        if item.units or unit.strip():
            raise UnreadableValue("unit-missing")
        return {"valueQuantity": value}
    named = {"unit": coding.display or coding.code, "system": coding.system, "code": coding.code}
    return {"valueQuantity": {**value, **{name: text for name, text in named.items() if text}}}


def _permitted_units(item: Item) -> tuple[Coding, ...]:
    return item.units or ((item.unit,) if item.unit is not None else ())


def _find_unit(item: Item, name: str) -> Coding | None:
    units = _permitted_units(item)
    if not name:
        return units[0] if len(units) == 1 else None
    spoken = dict(zip(item.units, item.unit_words, strict=True))
    return next((unit for unit in units if name.lower() in _names(unit, spoken.get(unit))), None)


def _names(unit: Coding, words: Words | None) -> set[str]:
    """What people call a unit: its code, its display in any language, the usual short and long ways to write it."""
    translated = [text for _, text in words.translations] if words is not None else []
    return {unit.code.lower(), unit.display.lower(), *map(str.lower, translated)} | _UNIT_NAMES.get(unit.code, set())


def _without_unit(item: Item, text: str) -> tuple[str, str]:
    """ "5 mg" is "5" and "mg" where mg is a unit of the question."""
    found = re.fullmatch(r"\s*([^a-zA-Z%{\[µμ]*?)\s*([a-zA-Z%{\[µμ].*?)\.?\s*", text)
    if found and _find_unit(item, found[2]) is not None:
        return found[1], found[2]
    return text, ""


def names_unit(item: Item, text: str) -> bool:
    """Whether a unit was typed with the number."""
    return item.type == "quantity" and bool(_without_unit(item, text)[1])


def _read_part(text: str) -> Decimal | None:
    """Halves and quarters, as in 1/2, 1 1/2 and 1½ tablets; None for anything else."""
    signs = {"½": " 1/2", "¼": " 1/4", "¾": " 3/4"}
    plain = "".join(signs.get(char, char) for char in text).strip()
    found = re.fullmatch(r"(?:(\d{1,3})\s+)?([1-3])\s*/\s*([24])", plain, re.ASCII)
    return Decimal(found[1] or 0) + Decimal(found[2]) / Decimal(found[3]) if found else None


def read_number(text: str) -> Decimal:
    """5, 5.0, .5, 1,000 and 1 000; a comma that can't stand for thousands is a decimal comma."""
    compact = re.sub(r"\s", "", text)
    if re.fullmatch(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?", compact):
        compact = compact.replace(",", "")
    compact = re.sub(r"^([+-]?\d+),(\d+)$", r"\1.\2", compact)
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", compact) or len(compact) > _MOST_DIGITS + 2:
        raise UnreadableValue("not-a-number")
    return Decimal(compact)


def _json_number(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def _read_date(item: Item, text: str, context: Context, unit: str) -> dict[str, Any]:
    return {"valueDate": read_date(text, context.today)}


def read_date(text: str, today: date) -> str:
    """MM/DD/YYYY, M-D-YY, MMDDYYYY, YYYY-MM-DD, March 15, 1990, 15 de marzo de 1990; MM/YYYY and YYYY too."""
    compact = text.strip().lower()
    parts = _numeric_date(compact, today) or _date_in_words(compact)
    if parts is None:
        raise UnreadableValue("impossible-date")
    year, *rest = parts
    iso = "-".join([f"{year:04d}", *(f"{part:02d}" for part in rest)])
    if not _EARLIEST <= year <= _LATEST:
        raise UnreadableValue("impossible-date")
    read("date", iso)  # refuses a day that doesn't exist
    return iso


def _numeric_date(text: str, today: date) -> tuple[int, ...] | None:
    """(year[, month[, day]]), not yet checked against the calendar."""
    shapes: tuple[tuple[str, Callable[[re.Match[str]], tuple[int, ...]]], ...] = (
        (r"(\d{4})", lambda m: (int(m[1]),)),
        (r"(\d{4})[-/.](\d{1,2})", lambda m: (int(m[1]), int(m[2]))),
        (r"(\d{1,2})[-/.](\d{4})", lambda m: (int(m[2]), int(m[1]))),
        (r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", lambda m: (int(m[1]), int(m[2]), int(m[3]))),
        (r"(\d{2})(\d{2})(\d{4})", lambda m: (int(m[3]), int(m[1]), int(m[2]))),
        (r"(\d{1,2})[-/. ]+(\d{1,2})[-/. ]+(\d{4})", lambda m: (int(m[3]), int(m[1]), int(m[2]))),
        (r"(\d{1,2})[-/. ]+(\d{1,2})[-/. ]+(\d{2})", lambda m: _of_this_time(m, today)),
    )
    closed_up = re.sub(r"\s*([-/.])\s*", r"\1", text)
    for shape, parts in shapes:
        found = re.fullmatch(shape, closed_up, re.ASCII)
        if found:
            return parts(found)
    return None


def _of_this_time(found: re.Match[str], today: date) -> tuple[int, int, int]:
    century = today.year - today.year % 100
    year, month, day = century + int(found[3]), int(found[1]), int(found[2])
    is_future = (year, month, day) > (today.year, today.month, today.day)
    return (year - 100 if is_future else year), month, day


def _date_in_words(text: str) -> tuple[int, int, int] | None:
    words = [word for word in re.findall(r"[^\W\d_]+", text) if word not in ("de", "del", "of", "th", "st", "nd", "rd")]
    numbers = re.findall(r"\d+", text)
    if len(words) != 1 or len(words[0]) < 3 or len(numbers) != 2 or words[0][:3] not in _MONTHS:
        return None
    day, year = numbers
    return (int(year), _MONTHS[words[0][:3]], int(day)) if len(year) == 4 and len(day) < 3 else None


def _read_time(item: Item, text: str, context: Context, unit: str) -> dict[str, Any]:
    return {"valueTime": read_time(text).isoformat()}


def read_time(text: str) -> time:
    """14:30, 2:30 PM, 2pm, 2 p. m."""
    found = re.fullmatch(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?([ap]m)?", re.sub(r"[\s.]", "", text.lower()), re.ASCII)
    if not found or not (found[2] or found[4]):
        raise UnreadableValue("impossible-time")
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    if found[4] and not 1 <= hour <= 12:
        raise UnreadableValue("impossible-time")
    if found[4]:
        hour = hour % 12 + (12 if found[4] == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise UnreadableValue("impossible-time")
    return time(hour, minute, second)


def _read_date_time(item: Item, text: str, context: Context, unit: str) -> dict[str, Any]:
    """A date, or a date and a time in the clinic's zone; an instant with its own offset stays as it is."""
    compact = text.strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})", compact, re.ASCII):
        read("dateTime", compact)
        return {"valueDateTime": compact}
    found = re.fullmatch(r"(.*?\d{2})(?:T|,?\s+)(\d{1,2}(?::\d{2}.*|\s*[aApP]\.?\s*[mM].*))", compact)
    day = read_date(found[1] if found else compact, context.today)
    if not found or len(day) < 10:
        if found:
            raise UnreadableValue("impossible-date")
        return {"valueDateTime": day}
    moment = datetime.combine(date.fromisoformat(day), read_time(found[2]), tzinfo=context.zone)
    return {"valueDateTime": moment.isoformat()}


def _read_text(item: Item, text: str, context: Context, unit: str) -> dict[str, Any]:
    """Kept as typed; only the line ends that browsers post are made one character."""
    kept = text.replace("\r\n", "\n")
    read("string", kept)
    return {"valueString": kept}


def _read_url(item: Item, text: str, context: Context, unit: str) -> dict[str, Any]:
    try:
        read("uri", text.strip())
    except UnreadableValue as error:
        raise UnreadableValue("not-a-link") from error
    return {"valueUri": text.strip()}


def _read_coding(item: Item, text: str, context: Context, unit: str) -> dict[str, Any]:
    """system|code or system|code|display, from a picker over a value set that neither the form nor a table holds."""
    if item.table:
        raise UnreadableValue("not-an-option")
    system, bar, rest = text.strip().partition("|")
    code, _, display = rest.partition("|")
    if not bar or not code.strip():
        raise UnreadableValue("not-an-option")
    coding = {"system": system, "code": code, "display": display}
    read("Coding", coding)
    return {"valueCoding": {name: part for name, part in coding.items() if part}}


def _read_open_choice(item: Item, text: str, context: Context, unit: str) -> dict[str, Any]:
    is_coding = re.match(r"(https?://|urn:)\S*\|\S", text.strip())
    return _read_coding(item, text, context, unit) if is_coding else _read_text(item, text, context, unit)


def _read_attachment(item: Item, text: str, context: Context, unit: str) -> dict[str, Any]:
    """url, url|content type or url|content type|title of a file that was uploaded before."""
    url, _, rest = text.strip().partition("|")
    content_type, _, title = rest.partition("|")
    attachment = {"contentType": content_type, "url": url, "title": title}
    read("Attachment", attachment)
    return {"valueAttachment": {name: part for name, part in attachment.items() if part}}


def _read_nothing(item: Item, text: str, context: Context, unit: str) -> dict[str, Any]:
    raise UnreadableValue("read-only")


_READERS: Final[Mapping[str, Callable[[Item, str, Context, str], dict[str, Any]]]] = {
    "boolean": _read_boolean,
    "decimal": _read_decimal,
    "integer": _read_integer,
    "date": _read_date,
    "dateTime": _read_date_time,
    "time": _read_time,
    "string": _read_text,
    "text": _read_text,
    "url": _read_url,
    "choice": _read_coding,
    "open-choice": _read_open_choice,
    "attachment": _read_attachment,
    "quantity": _read_quantity,
    "reference": _read_nothing,
}
