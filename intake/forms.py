"""What a patient types and a page posts: the way in, a signature, the answers of a form."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from consents.selectors import TextRow
from consents.services import NotAPaper, OnPaper, Scan, read_scan
from core import clock
from core.adapters.pictures import NotAPhoto, developed
from core.fields.typed import Day, Line, Lines, PastForm
from core.services.glass import REASONS
from intake import engine
from intake.engine.entry import read_date
from intake.engine.values import UnreadableValue
from screening import instruments
from screening.selectors import MEASURED

LONGEST_CLIENT = 24  # characters of a page's own id
HARM = frozenset(flag.link_id for flag in instruments.get("harm-to-others").flags)  # to somebody else
CSRF = "csrfmiddlewaretoken"
RELATIONSHIPS = [
    ("", _("Choose…")),
    ("parent", _("Parent")),
    ("guardian", _("Legal guardian")),
    ("proxy", _("Health care power of attorney")),
]


class OpeningForm(forms.Form):
    """The patient's date of birth; and, from whoever answers for the patient, a name and a relationship."""

    respondent_name = Line(
        required=False,
        max_length=120,
        error_messages={"max_length": _("This name is too long. Please type it shorter.")},
    )
    relationship = forms.ChoiceField(
        required=False, choices=RELATIONSHIPS, error_messages={"invalid_choice": _("Please choose one from the list.")}
    )
    birth_date = forms.CharField(error_messages={"required": _("Please type the date of birth.")})

    def clean_birth_date(self) -> date:
        """The date in what people type: 3/15/1990, 03151990, March 15, 1990. It must be a whole one, and past."""
        today = clock.now().date()
        try:
            found = date.fromisoformat(read_date(self.cleaned_data["birth_date"], today))
        except (UnreadableValue, ValueError):
            found = None
        if found is None or found > today:
            raise forms.ValidationError(_("We couldn’t read that date. Write the month first: 03/15/1990."))
        return found

    def clean(self) -> dict[str, Any]:
        """Of the name and the relationship both or neither."""
        cleaned = super().clean() or {}
        named, related = bool(cleaned.get("respondent_name")), bool(cleaned.get("relationship"))
        if related and not named and "respondent_name" not in self.errors:
            self.add_error("respondent_name", _("Please type your own name."))
        if named and not related and "relationship" not in self.errors:
            self.add_error("relationship", _("Please say how you are related to the patient."))
        return cleaned

    def respondent(self) -> dict[str, str]:
        return {"name": self.cleaned_data["respondent_name"], "relationship": self.cleaned_data["relationship"]}

    @property
    def is_for_somebody(self) -> bool:
        """Whether anything was typed where a guardian types."""
        return any(self[name].value() for name in ("respondent_name", "relationship"))


class LinkForm(OpeningForm):
    """The link's token (put here by link.js) or the printed code, and what every opening asks."""

    token = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"id": "token"}))
    code = forms.CharField(required=False)

    def clean(self) -> dict[str, Any]:
        """`secret` is what opens the packet. Whether it does is never said here."""
        cleaned = super().clean() or {}
        cleaned["secret"] = cleaned.get("token") or cleaned.get("code", "")
        if not cleaned["secret"] and not self.errors.keys() & {"code", "token"}:
            self.add_error("code", _("Please type the code from your message. It has 10 letters and numbers."))
        return cleaned

    def typed(self) -> dict[str, str]:
        """What stands on the page, to show it again in another language."""
        return {name: self.data.get(name, "") for name in self.fields}


class WishForm(forms.Form):
    """A wish for limits, in the patient's words; `paid`: of what was paid without the health plan."""

    wish = Lines(
        max_length=2000,
        error_messages={
            "required": _("Please write what you would like."),
            "max_length": _("This is too long. Please type it shorter."),
        },
    )
    paid = forms.BooleanField(required=False)


CAPACITIES = [
    ("", _("Choose…")),
    ("parent", _("Parent")),
    ("guardian", _("Legal guardian")),
    ("representative", _("Legal representative, for example with a health care power of attorney")),
]
CAPACITY_OF = {"parent": "parent", "guardian": "guardian", "proxy": "representative"}


PAPER_CAPACITIES = [
    ("", "Choose…"), ("self", "the patient"), ("parent", "parent"), ("guardian", "legal guardian"),
    ("representative", "legal representative"),
]  # fmt: skip
ON_PAPER = {
    "signed": "It is signed",
    "declined": "It says no",
    "refused": "They did not want to sign that they got it",
}
WHY_ON_PAPER = [
    ("chosen", "The patient chose paper in this packet"),
    ("counter", "The patient chose paper at the counter"),
    ("no-screen", "The patient can't use a screen"),
]


class SignatureForm(forms.Form):
    """A name and a mark under a document, by whom and by what right; or why the privacy notice stays unsigned.

    `role` is whose page it was: "patient", or "other" for whoever signs for them. `shown` says when the page was made.
    """

    shown_sha256 = forms.CharField(max_length=64)
    shown = forms.CharField(required=False, max_length=200)
    shown_language = forms.CharField(required=False, max_length=10)
    role = forms.ChoiceField(required=False, choices=[(name, name) for name in ("patient", "other")])
    decision = forms.ChoiceField(choices=[(name, name) for name in ("signed", "declined", "refused", "read")])
    signer_name = Line(required=False, max_length=200)
    capacity = forms.ChoiceField(required=False, choices=CAPACITIES)
    authority = Line(required=False, max_length=300)
    mark = forms.CharField(required=False, max_length=60_000)
    word = forms.CharField(required=False, max_length=40)
    reason = Line(required=False, max_length=500)
    proof = forms.FileField(required=False, allow_empty_file=True)
    font_scale = forms.CharField(required=False)

    def clean_proof(self) -> bytes:
        """The photo as a JPEG that holds pixels only, or nothing."""
        file = self.cleaned_data["proof"]
        if not file:
            return b""
        try:
            return developed(file.read()).jpeg
        except NotAPhoto as error:
            raise forms.ValidationError(error.code) from error

    def clean_font_scale(self) -> float | None:
        """How large the letters were, 1 being our own size; what no page of ours says is not kept."""
        try:
            found = float(self.cleaned_data["font_scale"])
        except ValueError:
            return None
        return round(found, 2) if 0.2 <= found <= 10 else None


class PaperForm(PastForm):
    """What staff read on a signed paper. None of its words tells what the document is about: the desk sees them."""

    when = "decided_on"
    text = forms.ChoiceField(
        label="Which text is it? Look at the foot of the paper.",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the version and the language that stand on the paper."},
    )
    decided_on = Day(label="The date on the paper", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    decision = forms.ChoiceField(label="What does it say?", widget=forms.RadioSelect)
    reason = Line(
        label="Why did they not want to sign?", max_length=500, required=False,
        help_text="Only where somebody did not want to sign that they got it.",
    )  # fmt: skip
    all_ticked = forms.BooleanField(label="Each line that has to be ticked is ticked", required=False)
    options = forms.MultipleChoiceField(
        label="What else is ticked?", required=False, widget=forms.CheckboxSelectMultiple
    )
    signer_name = Line(label="The name on the paper, also where it says no", max_length=200, required=False)
    capacity = forms.ChoiceField(label="As what?", choices=PAPER_CAPACITIES)
    authority = Line(
        label="What gives them the right to sign for the patient?", max_length=300, required=False,
        help_text="Not needed where the patient signed.",
    )  # fmt: skip
    why = forms.ChoiceField(label="Why on paper?", choices=WHY_ON_PAPER, widget=forms.RadioSelect)
    scan = forms.FileField(
        label="The scan, a PDF, or a photo of it",
        help_text="A PDF of at most 5 MB, a photo of at most 15 MB.",
        error_messages={"required": "Add the scan. It may have been too large: a PDF up to 5 MB, a photo up to 15 MB."},
    )

    def __init__(self, texts: Sequence[TextRow], data: Any = None, files: Any = None, *, born: str) -> None:
        super().__init__(data, files, born=born)
        languages = dict(settings.LANGUAGES)
        self._choose("text", [(str(one.version_id), _told(one, languages)) for one in texts])
        decisions = {code for one in texts for code in one.decisions}
        self._choose("decision", [(code, words) for code, words in ON_PAPER.items() if code in decisions])
        options = {name: words for one in reversed(texts) for name, words in one.options}
        self._choose("options", list(options.items()))
        for name, wanted in (("options", options), ("reason", "refused" in decisions)):
            if not wanted:
                del self.fields[name]

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_scan(self) -> Scan:
        try:
            return read_scan(self.cleaned_data["scan"].read())
        except NotAPaper as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("decision") == "signed" and not cleaned.get("all_ticked"):
            self.add_error("all_ticked", "Without each of these ticks it is not signed. Ask the patient for a new one.")
        return cleaned

    def on_paper(self) -> OnPaper:
        given = self.cleaned_data
        names = ("decided_on", "decision", "signer_name", "capacity", "authority", "why", "scan")
        return OnPaper(
            version_id=UUID(given["text"]),
            options=given.get("options", []),
            reason=given.get("reason", ""),
            **{name: given[name] for name in names},
        )


def _told(text: TextRow, languages: dict[str, str]) -> str:
    """By the clinic's days: the view sets its zone."""
    since, until = (date_format(timezone.localtime(one), "M j, Y") if one else "" for one in (text.since, text.until))
    ended = f" to {until}" if until else ""
    return f"version {text.version}, {languages.get(text.language, text.language)}, in effect from {since}{ended}"


def posted_section(data: QueryDict) -> dict[str, list[str]]:
    """What a whole section says. An answer counts also where the page does not say that it asked for it."""
    keys = [engine.split_field(name)[0] for name in data if name != CSRF]
    return posted_changes(data, unasked=[key for key in keys if "!" not in key])


def posted_changes(data: QueryDict, unasked: Sequence[str] = ()) -> dict[str, list[str]]:
    """What stands in every question that was on the posted page; an empty box takes its answer away.

    Not of a question whose answer from another screen the patient wants to keep.
    """
    shown = [key for key in dict.fromkeys([*data.getlist("!shown"), *unasked]) if key not in data.getlist("!keep")]
    parts = ("", engine.DECLINED_FIELD, engine.UNIT_FIELD, engine.NEAR_FIELD)
    names = [key + part for key in shown for part in parts if not part or "!" not in key]  # with it: is that right?
    return {name: data.getlist(name) for name in names}


def posted_screen(data: QueryDict) -> engine.Screen:
    """Which page was posted. One that doesn't say so has seen nothing, and overwrites nothing."""
    revision = data.get("!revision", "")
    seen = int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 10 else 0
    return engine.Screen(data.get("!client", "")[:LONGEST_CLIENT], seen, is_whole=True)


def posted_unconfirmed(data: QueryDict) -> list[UUID]:
    """Keys of saves that this or another page of the same browser has had no reply to; connection.js collects them."""
    return [_as_key(text) for text in data.get("!unconfirmed", "").split(",") if text.strip()]


def _as_key(text: str) -> UUID:
    """What is no key was never stored."""
    try:
        return UUID(text.strip())
    except ValueError:
        return uuid4()


def everything(nodes: Sequence[engine.FieldNode]) -> Iterator[engine.FieldNode]:
    """The nodes and all below them, in reading order."""
    for node in nodes:
        yield node
        yield from everything(node.children)


def danger(nodes: Sequence[engine.FieldNode]) -> str:
    """To whom the chosen answers tell of danger: "others" where to nobody else. The help begins with words for it."""
    kinds = {
        danger_of(node)
        for node in everything(nodes)
        if any(one.is_selected and one.option.risk for one in node.options)
    }
    return "others" if kinds == {"others"} else "self"


def danger_of(node: engine.FieldNode) -> str:
    return "others" if node.item.link_id in HARM else "self"


def understood(node: engine.FieldNode) -> str:
    """How what was typed was read: a date in words, an amount with its unit, a long number in groups; else nothing."""
    if node.error:
        return ""
    if is_phone(node):
        found = [_telephone(value) for value in node.values]
    elif node.item.type in ("integer", "decimal"):
        found = [_thousands(value) for value in node.values]
    else:
        found = list(node.understood)
    return ", ".join(text for text in found if text)


def is_phone(node: engine.FieldNode) -> bool:
    return node.item.link_id.endswith("-phone")


def _telephone(value: str) -> str:
    """(555) 010-0142, for ten digits however they were typed; "" for anything else."""
    digits = "".join(char for char in value if char.isdigit())
    digits = digits.removeprefix("1") if len(digits) == 11 else digits
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if len(digits) == 10 else ""


def _thousands(value: str) -> str:
    whole, dot, rest = value.partition(".")
    is_long = re.fullmatch(r"-?\d{4,}", whole, re.ASCII)
    return f"{int(whole):,}{dot}{rest}" if is_long else ""


INTERVALS = [
    (0, "No schedule"),
    *((days, f"Every {days // 7} week{'s' if days > 7 else ''}") for days in (7, 14, 28, 42, 84)),
]


class MeasureForm(forms.Form):
    """How often one instrument is answered again; 0 stops it."""

    instrument = forms.ChoiceField(choices=list(MEASURED.items()), widget=forms.HiddenInput)
    every_days = forms.TypedChoiceField(choices=INTERVALS, coerce=int)


class GlassForm(forms.Form):
    """Why somebody outside the care team opens a patient's page."""

    why = forms.ChoiceField(
        choices=REASONS,
        widget=forms.RadioSelect,
        label="Why do you open it?",
        error_messages={"required": "Choose one."},
    )
    words = forms.CharField(
        max_length=1000,
        label="In your own words",
        help_text="The compliance officer reads it.",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say in a sentence why."},
    )
