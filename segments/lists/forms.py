"""What one enters to make a fixed list of people."""

from typing import Any

from django import forms
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from segments.lists.files import MOST_BYTES
from segments.models import UserList


class ListForm(forms.ModelForm):
    """The name of a list."""

    class Meta:
        model = UserList
        fields = ("name",)

    def _get_validation_exclusions(self) -> set[str]:
        # The workspace is no field of the form, but a name is unique within it.
        exclusions: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return exclusions - {"workspace"}


class UploadForm(ListForm):
    """The name of a list, and the file of those who are on it."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"), widget=forms.FileInput(attrs={"accept": ".csv,.txt"})
    )

    def clean_file(self) -> Any:
        """Refuse a file that is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(
                _("The file is larger than %(most)s.") % {"most": filesizeformat(MOST_BYTES)}
            )
        return file
