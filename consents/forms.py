"""What compliance and clinicians type: a draft's words, an approval, a review; a revocation, a request for limits."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings

from consents.models import DocumentVersion, Review, Revocation
from consents.policy import COUNSELING_NOTES, EMERGENCY, Category, Hipaa, Recipient, is_same
from consents.policy import Role as PartyRole
from consents.rules import own_lines, parse
from consents.selectors import PURPOSE_WORDS, Edition, PaperRow
from consents.services import Channel, Facts, NotAPaper, Told, Words, read_scan
from core.fields.typed import Day, Line, Lines, Moment, PastForm
from core.models import Clinic, Program

PURPOSES = [("TREAT", "treatment"), ("HPAYMT", "payment"), ("HOPERAT", "health care operations")]
CATEGORIES = [(one.value, one.value.replace("_", " ")) for one in Category]
# An emergency has a screen of its own, which asks for more (42 CFR 2.51(c)).
TOLD_PURPOSES = [(code, words) for code, words in PURPOSE_WORDS.items() if code != EMERGENCY]
UNCHOSEN = ("", "Choose…")  # nothing is chosen beforehand that decides whether a permission covers it
TOLD_AS_TYPED = ("key", "at", "channel", "told_by", "address", "purpose", "what", "notice_given")
ROLES = [
    (PartyRole.TREATING, "they treat the patient"),
    (PartyRole.HEALTH_PLAN, "health plan"),
    (PartyRole.PAYER, "somebody else who pays"),
    (PartyRole.OPERATIONS, "they help to run the program"),
    (PartyRole.CRIMINAL_JUSTICE, "court, probation, parole or police"),
    (PartyRole.OTHER, "somebody else"),
]
HIPAA = [
    (Hipaa.COVERED_ENTITY, "covered entity: most providers, health plans"),
    (Hipaa.BUSINESS_ASSOCIATE, "business associate"),
    (Hipaa.PART2_PROGRAM, "program under 42 CFR part 2 that is no covered entity"),
    (Hipaa.LAWFUL_HOLDER, "another who lawfully holds the record"),
    (Hipaa.NONE, "none of these, for example a relative or an employer"),
]
# What is kept of a revocation's paper; older ones may be a PNG.
SCANS = {"application/pdf": b"%PDF-", "image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}
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
    review_by = Day(
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
    at = Moment(
        required=False,
        label="Takes effect",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
    )

    def __init__(self, unchanged: Sequence[tuple[str, str]], data: Any = None, initial: Any = None) -> None:
        """`unchanged`: (language, the version since which its words are the same); each is confirmed."""
        super().__init__(data, initial=initial)
        for code, version in unchanged:
            self.fields[f"same_{code}"] = forms.BooleanField(
                label=f"{_language(code)} has not changed since {version}, and is meant to stay as it is",
                error_messages={"required": "Confirm it, or send the draft back to be completed in this language."},
            )

    def confirmations(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("same_")]

    def instant(self, time_zone: str) -> datetime | None:
        """What was typed is the clinic's wall clock, whatever the server's is."""
        typed: datetime | None = self.cleaned_data["at"]
        return typed.replace(tzinfo=ZoneInfo(time_zone)) if typed else None


class LookAgainForm(forms.Form):
    """By when somebody looks at a text again that may stay as it is."""

    review_by = Day(label="Look at it again by", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class ReviewForm(forms.Form):
    """Who looked at which text. Offered is only what is still wanted."""

    what = forms.ChoiceField(label="Which review")
    reviewer_name = Line(max_length=120, label="Name of the reviewer")
    note = Lines(required=False, max_length=2000, label="Note", widget=forms.Textarea(attrs={"rows": 3, "cols": 80}))

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


def names(text: str) -> list[str]:
    """One name per line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


class StaffForm(forms.Form):
    """Marks what has to be filled in, in words: `.required` in staff.css."""

    required_css_class = "required"


class RevocationForm(StaffForm):
    """By whom is not asked: it is whoever is signed in who wrote it down."""

    why = forms.ChoiceField(
        label="What happened?",
        choices=[
            (Revocation.Why.REVOKED, "The patient takes it back"),
            (Revocation.Why.SUSPECTED_FALSE, "It may be false: nobody may rely on it"),
            (Revocation.Why.EVENT, "The event came with which it ends"),
            (Revocation.Why.TREATMENT_ENDED, "The treatment ended"),
        ],
        widget=forms.RadioSelect,
    )
    how = forms.ChoiceField(
        label="How did you learn of it?",
        choices=[one for one in Revocation.How.choices if one[0] != Revocation.How.LINK],
        widget=forms.RadioSelect,
    )
    recipients = forms.MultipleChoiceField(
        label="Only for these recipients", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="Tick none, and name none below, to end it for everybody.",
    )  # fmt: skip
    other = Line(label="Only for somebody else, by name", required=False, max_length=120)
    sure = forms.BooleanField(label="The name is right, although nothing was shared with anybody of that name")
    note = Lines(
        label="In your words",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write what the patient said or wrote, and when."},
    )
    scan = forms.FileField(label="The paper, as a PDF, JPEG or PNG", required=False)

    def __init__(self, known: Sequence[str], data: Any = None, files: Any = None) -> None:
        """`known`: with whom something was shared because of it, and who is named in it."""
        super().__init__(data, files)
        self.known = known
        recipients = self.fields["recipients"]
        assert isinstance(recipients, forms.MultipleChoiceField)
        recipients.choices = [(one, one) for one in known]
        if not known:
            del self.fields["recipients"]
        if not self._is_unknown(self["other"].value() or ""):
            del self.fields["sure"]

    def _is_unknown(self, name: str) -> bool:
        return bool(name.strip()) and not any(is_same(name, one) for one in self.known)

    def clean_other(self) -> str:
        """As the list writes it, however it was typed."""
        name: str = self.cleaned_data["other"]
        if self._is_unknown(name) and "sure" not in self.data:
            raise forms.ValidationError(
                "Nothing was shared with anybody of that name. Look at it again, or confirm it."
            )
        return next((one for one in self.known if is_same(name, one)), name)

    def clean_scan(self) -> str | None:
        """The paper as base64, kept as one that was signed is."""
        paper = self.cleaned_data["scan"]
        if paper is None:
            return None
        try:
            return base64.b64encode(read_scan(paper.read()).content).decode()
        except NotAPaper as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("how") == Revocation.How.PAPER and not cleaned.get("scan") and "scan" not in self.errors:
            self.add_error("scan", "Add the paper.")
        other = cleaned.pop("other", "")
        cleaned.pop("sure", None)
        cleaned["recipients"] = [*cleaned.get("recipients", []), *([other] if other else [])]
        return cleaned


class RestrictionForm(StaffForm):
    scope = Lines(
        label="What the patient asks, in their words",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write what the patient asks."},
    )
    is_self_paid = forms.BooleanField(
        label="It is about a health plan, for payment or operations, and somebody else has paid in full",
        required=False,
        help_text="Then the clinic has to agree (42 CFR 2.26, 45 CFR 164.522), and the limit holds from now on.",
    )
    recipients = Lines(
        label="Recipients",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One name per line. Empty: everybody.",
    )
    purposes = forms.MultipleChoiceField(
        label="For which purposes", required=False, choices=PURPOSES, widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: all.",
    )  # fmt: skip
    categories = forms.MultipleChoiceField(
        label="Which information", required=False, choices=CATEGORIES, widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: all.",
    )  # fmt: skip

    def clean_recipients(self) -> list[str]:
        return names(self.cleaned_data["recipients"])


class ToldForm(PastForm):
    """What was told outside the wire. Who writes it down is whoever is signed in."""

    when = "at"
    key = forms.UUIDField(widget=forms.HiddenInput)
    at = Moment(label="When?", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"))
    channel = forms.ChoiceField(label="How?", choices=Channel.choices, widget=forms.RadioSelect)
    told_by = Line(label="Who told it?", max_length=120, help_text="Of your staff.")
    recipient = Line(
        label="Whom did they tell?",
        max_length=120,
        help_text="The name of the person or organization, as the permission names it where it names one.",
    )
    address = Line(label="Their address, or the number that was called", max_length=200, required=False)
    role = forms.ChoiceField(label="What are they to the patient?", choices=[UNCHOSEN, *ROLES])
    hipaa = forms.ChoiceField(label="What are they under HIPAA?", choices=[UNCHOSEN, *HIPAA])
    program = forms.ModelChoiceField(Program.objects.none(), label="From which program?", empty_label="Choose…")
    purpose = forms.ChoiceField(label="For what?", choices=[UNCHOSEN, *TOLD_PURPOSES])
    categories = forms.MultipleChoiceField(
        label="Which information?", choices=[*CATEGORIES, (COUNSELING_NOTES, "counseling notes")],
        widget=forms.CheckboxSelectMultiple, error_messages={"required": "Tick at least one."},
    )  # fmt: skip
    what = forms.CharField(
        label="What did they tell?", max_length=500, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="In a few words, for the patient's list of disclosures (45 CFR 164.528(b)(2)(iii)).",
        error_messages={"required": "Write in a few words what was told."},
    )  # fmt: skip
    notice_given = forms.BooleanField(
        label="The notice and the scope of the permission went with it (42 CFR 2.32)", required=False
    )

    def __init__(self, clinic: Clinic, data: Any = None, initial: Any = None, *, born: str) -> None:
        super().__init__(data, initial=initial, born=born)
        program = self.fields["program"]
        assert isinstance(program, forms.ModelChoiceField)
        program.queryset = Program.objects.filter(clinic=clinic).order_by("name")

    def told(self) -> Told:
        given = self.cleaned_data
        return Told(
            recipient=Recipient(given["recipient"], Hipaa(given["hipaa"]), PartyRole(given["role"])),
            categories=tuple(given["categories"]),
            **{name: given[name] for name in TOLD_AS_TYPED},
        )


class CompareForm(StaffForm):
    """What the second person reads on the paper, without seeing what was entered."""

    decision = forms.ChoiceField(label="What does the paper say?", widget=forms.RadioSelect)
    options = forms.MultipleChoiceField(
        label="Which of these are ticked on it?", required=False, widget=forms.CheckboxSelectMultiple
    )
    signer_name = forms.CharField(label="The name on the paper", max_length=200, required=False)
    decided_on = forms.DateField(
        label="The date on the paper", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, row: PaperRow, data: Any = None) -> None:
        super().__init__(data)
        for name, choices in (("decision", row.may_say), ("options", row.may_tick)):
            self.fields[name].choices = choices  # type: ignore[attr-defined]  # both are fields of choices


class AnswerForm(forms.Form):
    """What the clinic says to a request."""

    answer = forms.ChoiceField(choices=[("agree", "agree"), ("refuse", "refuse"), ("end", "end")])
    note = Lines(max_length=2000, error_messages={"required": "Write why."})


class DoneForm(forms.Form):
    note = Lines(max_length=2000, error_messages={"required": "Write what was done."})


class SearchForm(forms.Form):
    words = forms.CharField(
        max_length=200,
        label="Find a patient",
        help_text="A whole name, a phone number, an e-mail address or a record number.",
    )


class EmergencyForm(PastForm):
    """The facts of 42 CFR 2.51(c). Who tells it is whoever is signed in."""

    when = "disclosed_at"
    recipient_name = Line(label="Whom do you tell? Their name", max_length=120)
    recipient_affiliation = Line(label="Of which hospital, ambulance service or practice?", max_length=200)
    disclosed_at = Moment(
        label="When?", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    nature = Lines(label="What is the emergency?", max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    why_no_consent = Lines(
        label="Why can't the patient be asked first?", max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    what = Lines(
        label="What do you tell them?",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Only what this emergency needs.",
    )

    def facts(self) -> Facts:
        return Facts(**{one.name: self.cleaned_data[one.name] for one in fields(Facts)})
