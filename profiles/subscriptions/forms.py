"""The form of a subscription group."""

from typing import Any

from django import forms

from profiles.models import SubscriptionGroup


class GroupForm(forms.ModelForm):
    """A new group, or the name and description of one: people joined it for its channel."""

    class Meta:
        model = SubscriptionGroup
        fields = ("name", "channel", "description")
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}  # noqa: RUF012

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.fields["channel"].disabled = True

    def _get_validation_exclusions(self) -> set[str]:
        # The workspace is no field, and yet part of what makes a name unique.
        return super()._get_validation_exclusions() - {"workspace"}  # type: ignore[misc]
