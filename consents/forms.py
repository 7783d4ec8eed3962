"""What compliance types: the words of a draft, the instant of an approval, a review."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings

from consents.models import DocumentVersion, Review
from consents.rules import own_lines, parse
from consents.selectors import Edition
from consents.services import Words

LINES_HELP = (
    "One to a line. “decision signed:” is the button, “statement NAME:” must be ticked, “option NAME:” may be. "
    "“purposes:”, “categories:”, “recipients:” and “expiry:” say what a permission covers."
)
BODY_HELP = (
    "“##” begins a heading, “-” a list, two stars make bold. {{clinic_name}} and the like are filled in for each "
    "patient. A mark such as ⟦2.31(a)(6)⟧ shows where the law's words stand; patients don't see it."
)


class DraftForm(forms.Form):
    """A title, lines and a text for each language, and what is the same in all of them."""

    seen = forms.CharField(widget=forms.HiddenInput)
    change_note = forms.CharField(
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 100}),
        label="What is different, and why",
        help_text="For whoever approves it and for an auditor. Patients don't see it.",
    )
    review_by = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        label="Look at it again by",
    )

    def __init__(self, edition: Edition, data: Any = None) -> None:
        first = edition.first
        initial = {"change_note": first.change_note, "review_by": first.review_by, "seen": edition.seen}
        super().__init__(data, initial=initial)
        self.languages = [(row.language, _language(row.language)) for row in edition.texts]
        for row in edition.texts:
            self._add(row)

    def _add(self, row: DocumentVersion) -> None:
        code, lines, body = row.language, own_lines(row.body), parse(row.body, slug="draft").body
        wide = {"cols": 100, "class": "vLargeTextField", "spellcheck": "true", "lang": code}
        self.fields[f"title_{code}"] = forms.CharField(
            max_length=200, label="Title", initial=row.title, widget=forms.TextInput(attrs={"size": 80, "lang": code}),
            help_text="The front desk and the patient's page title show it: it says nothing about the kind of care.",
        )  # fmt: skip
        self.fields[f"lines_{code}"] = forms.CharField(
            label="Buttons and statements", initial=lines, help_text=LINES_HELP,
            widget=forms.Textarea(attrs={**wide, "rows": _rows(lines)}),
        )  # fmt: skip
        self.fields[f"body_{code}"] = forms.CharField(
            label="Text", initial=body, help_text=BODY_HELP,
            widget=forms.Textarea(attrs={**wide, "rows": _rows(body)}),
        )  # fmt: skip

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """(language, its three fields), for the page."""
        return [
            (name, [self[f"{field}_{code}"] for field in ("title", "lines", "body")]) for code, name in self.languages
        ]

    def words(self) -> dict[str, Words]:
        given: Mapping[str, str] = self.cleaned_data
        return {
            code: Words(given[f"title_{code}"], given[f"lines_{code}"], given[f"body_{code}"])
            for code, _ in self.languages
        }


class ApproveForm(forms.Form):
    """When it takes effect, by the clinic's clock. Empty: at once."""

    seen = forms.CharField(widget=forms.HiddenInput)
    at = forms.DateTimeField(
        required=False,
        label="Takes effect",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
    )

    def instant(self, time_zone: str) -> datetime | None:
        """What was typed is the clinic's wall clock, whatever the server's is."""
        typed: datetime | None = self.cleaned_data["at"]
        return typed.replace(tzinfo=ZoneInfo(time_zone)) if typed else None


class LookAgainForm(forms.Form):
    """By when somebody looks at a text again that may stay as it is."""

    review_by = forms.DateField(
        label="Look at it again by", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class ReviewForm(forms.Form):
    """Who looked at which text. Offered is only what is still wanted."""

    what = forms.ChoiceField(label="Which review")
    reviewer_name = forms.CharField(max_length=120, label="Name of the reviewer")
    note = forms.CharField(
        required=False, max_length=2000, label="Note", widget=forms.Textarea(attrs={"rows": 3, "cols": 80})
    )

    def __init__(self, edition: Edition, data: Any = None) -> None:
        super().__init__(data)
        what = self.fields["what"]
        assert isinstance(what, forms.ChoiceField)
        roles = dict(Review.Role.choices)
        what.choices = [
            (f"{language} {role}", f"{_language(language)}: {roles[Review.Role(role)]}")
            for language, role in edition.wanted
        ]

    def wanted(self) -> tuple[str, str]:
        language, _, role = self.cleaned_data["what"].partition(" ")
        return language, role


def _rows(text: str) -> int:
    """As high as what it holds, wrapped, up to a screen and a half."""
    return min(sum(1 + len(line) // 100 for line in text.split("\n")) + 2, 45)


def _language(code: str) -> str:
    return str(dict(settings.LANGUAGES).get(code, code))
