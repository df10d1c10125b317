"""What an admin fills in: the name of a new key, and when an old one ends."""

from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cohorts.models import DataImportKey
from lib.calendar import validate_day

AT_ONCE = "now"
AT_DATE = "date"
NEVER = "never"
GRACE_PERIODS = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}
ENDS = [
    (AT_ONCE, _("Immediately")),
    ("hour", _("In 1 hour")),
    ("day", _("In 1 day")),
    ("week", _("In 7 days")),
    (AT_DATE, _("At a date")),
]


class KeyForm(forms.ModelForm):
    class Meta:
        model = DataImportKey
        fields = ("name",)
        labels = {"name": _("Name")}  # noqa: RUF012
        help_texts = {  # noqa: RUF012
            "name": _("Helps your colleagues recognise the key: for example, who got it and when.")
        }


class InvalidateForm(forms.Form):
    """When ``key`` is to end: at once, after a grace period, at a date, or not after all."""

    when = forms.ChoiceField(
        label=_("When should it end?"),
        widget=forms.RadioSelect,
        choices=ENDS,
    )
    date = forms.DateTimeField(
        label=_("Date and time"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        validators=[validate_day],
    )

    def __init__(self, data: Any, *, key: DataImportKey) -> None:
        super().__init__(data, initial={"when": "day"})
        self.key = key
        if key.expires_at is not None:
            when = cast(forms.ChoiceField, self.fields["when"])
            when.choices = [*ENDS, (NEVER, _("Never: keep this key"))]
        self.fields["date"].help_text = _("Only for “At a date”. Time zone: %(zone)s.") % {
            "zone": timezone.get_current_timezone_name()
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("when") != AT_DATE or "date" in self.errors:
            return data
        if data["date"] is None:
            self.add_error("date", _("Choose when the key should end."))
        elif data["date"] <= timezone.now():
            self.add_error(
                "date", _("This time has passed. To end the key now, choose “Immediately”.")
            )
        return data

    def save(self) -> bool:
        """Do it. Return False if the key is no longer as it was read."""
        if self.cleaned_data["when"] == AT_ONCE:
            return self.key.invalidate(timezone.now())
        return self.key.expire_at(self._moment())

    def _moment(self) -> datetime | None:
        when = self.cleaned_data["when"]
        if when == AT_DATE:
            return self.cleaned_data["date"]
        return None if when == NEVER else timezone.now() + GRACE_PERIODS[when]
