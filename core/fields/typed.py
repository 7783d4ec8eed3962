"""Form fields for what people type: words without characters that nobody sees, days and times that can be meant."""

import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from core import clock

# Controls, formats (among them what turns the reading direction), lone surrogates.
UNSEEN = frozenset({"Cc", "Cf", "Cs"})
# Letters and symbols to Unicode, yet drawn as nothing: the Hangul fillers, the blank of Braille.
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
FIRST_YEAR, LAST_YEAR = 1900, 2999
LONG_AGO = timedelta(days=365)
FEWEST_WORDS = 2
NO_SUCH_YEAR = "Look at the year again."
BEFORE_BIRTH = "This is before the patient was born. Look at the date again."
OVER_A_YEAR = (
    "This is more than a year ago. Look at the year. If it is right, tick “The date is right” and send it again."
)


def plain(value: str) -> str:
    """One line of characters that can be seen: no controls, nothing that turns the reading direction, no fillers."""
    spaced = " ".join(value.split())
    kept = (char for char in spaced if char not in BLANK and unicodedata.category(char) not in UNSEEN)
    return " ".join("".join(kept).split())


class Line(forms.CharField):
    """A name or a few words, as `plain` leaves them; what holds nothing else is empty."""

    def to_python(self, value: Any) -> str:
        return plain(super().to_python(value) or "")


class Lines(forms.CharField):
    """Several lines, each as `plain` leaves it."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        return "\n".join(plain(line) for line in (super().to_python(value) or "").splitlines()).strip()


class Day(forms.DateField):
    """A day of a year that somebody can mean: no arithmetic on it runs out of the calendar."""

    def validate(self, value: date | None) -> None:
        super().validate(value)
        _check_year(value)


class Moment(forms.DateTimeField):
    """A time by the clock of the zone that the view set: of a doubled hour the first, of a skipped one what the clock
    that was not yet put forward says. No hour is refused."""

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):  # where every hour is there once
            typed = super().to_python(value)
        return typed and typed.replace(tzinfo=timezone.get_current_timezone())

    def validate(self, value: datetime | None) -> None:
        super().validate(value)
        _check_year(value)


def _check_year(day: date | None) -> None:
    if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValidationError(NO_SUCH_YEAR)


class PastForm(forms.Form):
    """Something that was done on a day: not before the patient was born; long ago only where that is said twice.

    `when` is the field with that day, `born` an ISO date.
    """

    required_css_class = "required"
    when: ClassVar[str]
    sure = forms.BooleanField(required=False, label="The date is right", widget=forms.HiddenInput)

    def __init__(self, *args: Any, born: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.born = date.fromisoformat(born)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if day := cleaned.get(self.when):
            self._look_at(day.date() if isinstance(day, datetime) else day, is_sure=cleaned["sure"])
        return cleaned

    def _look_at(self, day: date, *, is_sure: bool) -> None:
        if day < self.born:
            self.add_error(self.when, BEFORE_BIRTH)
        elif day < clock.now().date() - LONG_AGO and not is_sure:
            self.fields["sure"].widget = forms.CheckboxInput()
            self.add_error(self.when, OVER_A_YEAR)


def says_something(words: str) -> bool:
    """At least two words with a letter or a digit: an "x" that was typed to get past a form tells nobody anything."""
    return sum(any(char.isalnum() for char in word) for word in words.split()) >= FEWEST_WORDS
