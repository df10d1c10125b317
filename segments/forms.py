"""What one enters about a segment beside its tree."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from segments.models import Segment, split_tags


class TagsField(forms.CharField):
    """Tags, typed with commas between them."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"required": False, "max_length": 500}
        super().__init__(label=_("Tags"), help_text=_("Separated by commas"), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        return split_tags(super().clean(value))


class SegmentForm(forms.ModelForm):
    tags = TagsField()

    class Meta:
        model = Segment
        fields = ["name", "description", "tags"]
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}

    def _get_validation_exclusions(self) -> set[str]:
        # The workspace is no field of the form, but a name is unique within it.
        exclusions: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return exclusions - {"workspace", "archived_at"}
