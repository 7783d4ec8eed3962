"""Why an entry is corrected or kept out of the chart."""

from django import forms


class RejectForm(forms.Form):
    reason = forms.CharField(max_length=500, error_messages={"required": "Say why this is not to be filed."})


class ByHandForm(forms.Form):
    reason = forms.CharField(max_length=500, error_messages={"required": "Say what you did about it."})


class EditForm(forms.Form):
    """The fields of `mapping.editing` are posted as `field-<name>`; which may be changed is decided there."""

    reason = forms.CharField(max_length=500, error_messages={"required": "Say why this is changed."})

    def changes(self) -> dict[str, str]:
        return {name[len("field-") :]: str(self.data[name]) for name in self.data if name.startswith("field-")}
