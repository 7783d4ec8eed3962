"""Values in the form in which people type and read them: the way back from `intake.engine.entry`."""

from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final

from intake.engine.options import posted
from intake.engine.values import Attachment, Coding, Moment, Quantity, Reference, Value

_MONTHS: Final = {
    "en": "January February March April May June July August September October November December".split,
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split,
}


def as_typed(value: Value, raw: Any = None, *, zone: tzinfo = UTC) -> str:
    """What a form field shows for the answer; typed again it gives the same answer.

    `raw` is the FHIR answer, which a full dateTime needs: it is shown in the clinic's zone.
    """
    content = value.content
    if isinstance(content, bool):
        return "true" if content else "false"
    if isinstance(content, Coding):
        return posted(value)
    if isinstance(content, Quantity):
        return "" if content.value is None else _number(content.value)
    if isinstance(content, Attachment):
        return "|".join([content.url, content.content_type, content.title]).rstrip("|")
    if isinstance(content, Moment) and content.parts and content.seconds is not None:
        return _local(raw, zone) or in_figures(value)
    return content.reference if isinstance(content, Reference) else in_figures(value)


def in_figures(value: Value) -> str:
    """A date as 03/15/1990 (or 03/1990, 1990), a time as 2:30 PM, a quantity as 5 mg, anything else as it is."""
    content = value.content
    if isinstance(content, Quantity):
        number = "" if content.value is None else _number(content.value)
        return f"{number} {content.unit or content.code or ''}".strip()
    if isinstance(content, Moment) and content.parts:
        year, *rest = content.parts
        return "/".join([*(f"{part:02d}" for part in rest), f"{year:04d}"])
    if isinstance(content, Moment) and content.seconds is not None:
        return _clock(int(content.seconds))
    return _number(content) if isinstance(content, Decimal) else str(content)


def in_words(value: Value, language: str) -> str:
    """How an answer was understood, to show beside it: March 15, 1990; 15 de marzo de 1990; 5 mg. Else nothing."""
    content = value.content
    if isinstance(content, Quantity):
        return in_figures(value)
    if not isinstance(content, Moment) or not content.parts:
        return ""
    is_spanish = language.lower().startswith("es")
    year, month, day = (*content.parts, 0, 0)[:3]
    name = _MONTHS["es" if is_spanish else "en"]()[month - 1] if month else ""
    if not month:
        return str(year)
    if not day:
        return f"{name} de {year}" if is_spanish else f"{name} {year}"
    return f"{day} de {name} de {year}" if is_spanish else f"{name} {day}, {year}"


def clock_in_words(value: Value, raw: Any, language: str, zone: tzinfo) -> str:
    """A time as 2:30 PM, a full dateTime as July 4, 2026, 2:30 PM in that zone; nothing for anything else."""
    content = value.content
    if not isinstance(content, Moment) or content.seconds is None:
        return ""
    if not content.parts:
        return in_figures(value)
    day, _, clock = as_typed(value, raw, zone=zone).partition(" ")
    month, number, year = (int(part) for part in day.split("/"))
    return f"{in_words(Value('date', Moment((year, month, number))), language)}, {clock}"


def _number(number: Decimal) -> str:
    return f"{number:f}"


def _clock(seconds: int) -> str:
    hour, minute, second = seconds // 3600, seconds // 60 % 60, seconds % 60
    shown = f"{hour % 12 or 12}:{minute:02d}" + (f":{second:02d}" if second else "")
    return f"{shown} {'AM' if hour < 12 else 'PM'}"


def _local(raw: Any, zone: tzinfo) -> str:
    try:
        moment = datetime.fromisoformat(raw["valueDateTime"]).astimezone(zone)
    except (KeyError, TypeError, ValueError, OverflowError):
        return ""
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return f"{moment.month:02d}/{moment.day:02d}/{moment.year:04d} {_clock(seconds)}"
