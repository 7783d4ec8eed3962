"""Why an entry is kept out of the chart."""

from django import forms


class RejectForm(forms.Form):
    reason = forms.CharField(max_length=500, error_messages={"required": "Say why this is not to be filed."})
