"""What a clinician says was done."""

from django import forms

from escalation.models import Outcome


class OutcomeForm(forms.Form):
    """Kind and words; who signs comes from the session, never from the form."""

    kind = forms.ChoiceField(
        label="What was done?",
        choices=Outcome.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what was done."},
    )
    note = forms.CharField(
        label="In your words",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Whom you reached, what was agreed, what happens next.",
        error_messages={"required": "Write what was done. An outcome without words can't be signed."},
    )
