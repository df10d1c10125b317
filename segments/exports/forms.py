"""Which columns an export is to have."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from segments.exports.columns import Column, column_groups
from workspaces.models import Member


class ExportForm(forms.Form):
    """The columns of an export, of those that ``member`` may see."""

    columns = forms.MultipleChoiceField(
        label=_("Columns"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one column.")},
    )

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sees = member.sees_personal_data
        self._groups = column_groups(member.workspace)
        offered = [
            column for _title, group in self._groups for column in group if self._has(column)
        ]
        self.fields["columns"].choices = [(column.key, column.label) for column in offered]  # type: ignore[attr-defined]
        self.fields["columns"].initial = [column.key for column in offered if column.usual]

    def _has(self, column: Column) -> bool:
        return self._sees or not column.personal

    @property
    def hides_some(self) -> bool:
        return not self._sees

    def groups(self) -> list[tuple[Any, list[tuple[Column, bool, bool]]]]:
        """Return the columns by group, each with whether it is offered and whether it is chosen."""
        chosen = set(self["columns"].value() or [])
        return [
            (title, [(column, self._has(column), column.key in chosen) for column in group])
            for title, group in self._groups
            if group
        ]
