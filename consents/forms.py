"""What staff type: a revocation, a request for limits and the answer to it, a task that was done."""

import base64
from typing import Any

from django import forms

from consents.models import Revocation
from consents.policy import Category

PURPOSES = [("TREAT", "treatment"), ("HPAYMT", "payment"), ("HOPERAT", "health care operations")]
CATEGORIES = [(one.value, one.value.replace("_", " ")) for one in Category]
LARGEST_SCAN = 5_000_000
SCANS = {"application/pdf": b"%PDF-", "image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}


def names(text: str) -> list[str]:
    """One name per line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


class RevocationForm(forms.Form):
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
    recipients = forms.CharField(
        label="Only for these recipients",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One name per line, as in the list of what was shared. Leave it empty to end it for everybody.",
    )
    note = forms.CharField(
        label="In your words",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write what the patient said or wrote, and when."},
    )
    scan = forms.FileField(label="The paper, as a PDF, JPEG or PNG", required=False)

    def clean_scan(self) -> str | None:
        """The paper as base64; what is not one of the three kinds is no paper."""
        paper = self.cleaned_data["scan"]
        if paper is None:
            return None
        if (paper.size or 0) > LARGEST_SCAN:
            raise forms.ValidationError("This file is larger than 5 MB.")
        content = paper.read()
        if not content.startswith(tuple(SCANS.values())):
            raise forms.ValidationError("This is not a PDF, a JPEG or a PNG.")
        return base64.b64encode(content).decode()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("how") == Revocation.How.PAPER and not cleaned.get("scan") and "scan" not in self.errors:
            self.add_error("scan", "Add the paper.")
        cleaned["recipients"] = names(cleaned.get("recipients", ""))
        return cleaned


class RestrictionForm(forms.Form):
    scope = forms.CharField(
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
    recipients = forms.CharField(
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


class AnswerForm(forms.Form):
    """What the clinic says to a request."""

    answer = forms.ChoiceField(choices=[("agree", "agree"), ("refuse", "refuse"), ("end", "end")])
    note = forms.CharField(max_length=2000, error_messages={"required": "Write why."})


class DoneForm(forms.Form):
    note = forms.CharField(max_length=2000, error_messages={"required": "Write what was done."})


class SearchForm(forms.Form):
    words = forms.CharField(
        max_length=200,
        label="Find a patient",
        help_text="A whole name, a phone number, an e-mail address or a record number.",
    )


class EmergencyForm(forms.Form):
    """The facts of 42 CFR 2.51(c). Who tells it is whoever is signed in."""

    recipient_name = forms.CharField(label="Whom do you tell? Their name", max_length=120)
    recipient_affiliation = forms.CharField(label="Of which hospital, ambulance service or practice?", max_length=200)
    disclosed_at = forms.DateTimeField(
        label="When?", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    nature = forms.CharField(label="What is the emergency?", max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    why_no_consent = forms.CharField(
        label="Why can't the patient be asked first?", max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    what = forms.CharField(
        label="What do you tell them?",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Only what this emergency needs.",
    )
