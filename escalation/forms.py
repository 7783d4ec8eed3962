"""What a clinician says was done."""

from typing import Any

from django import forms
from django.conf import settings

from escalation.models import ContactAttempt, Outcome

NOT_REACHED = "unable_to_reach"
MINUTES = (5, 10, 15, 30, 45, 60)


def waits() -> list[tuple[str, str]]:
    """How long until the next attempt: no longer than an outcome may take."""
    longest = settings.OUTCOME_DEADLINE_MINUTES
    fitting = [one for one in MINUTES if one <= longest] or [longest]
    return [("", "Choose"), *((str(one), f"{one} minutes") for one in fitting)]


class OutcomeForm(forms.Form):
    """Kind and words; who signs comes from the session, never from the form."""

    kind = forms.ChoiceField(
        label="What was done?",
        choices=[*Outcome.Kind.choices, (NOT_REACHED, f"{ContactAttempt.LABEL}: this does not close it")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what was done."},
    )
    again = forms.TypedChoiceField(
        label="If you could not reach them: try again in",
        choices=waits,
        coerce=int,
        empty_value=None,
        required=False,
        help_text="Without more by then, paging starts again.",
    )
    note = forms.CharField(
        label="In your words",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Whom you reached, what was agreed, what happens next. If it is not a risk: because of what.",
        error_messages={"required": "Write what was done. An outcome without words can't be signed."},
    )

    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if said.get("kind") == NOT_REACHED and not said.get("again") and "again" not in self.errors:
            self.add_error("again", "Choose when you try again.")
        if "seen" in self.errors:  # nobody typed it: there is no box to say it at
            self.add_error(None, "This page does not say what you had read. Read it above, then sign again.")
        return said
