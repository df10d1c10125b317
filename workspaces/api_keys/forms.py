"""What an admin fills in to make a key of the REST API."""

from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_network
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lib.calendar import validate_day
from workspaces.permissions import by_area

#: The box that stands for a whole area.
ALL = "all"
MOST_NETWORKS = 100


class NetworksField(forms.CharField):
    """IP addresses and networks, one a line, cleaned to a list in CIDR notation."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "font-monospace"})

    def clean(self, value: Any) -> list[str]:
        lines = [line.strip() for line in super().clean(value).splitlines() if line.strip()]
        if len(lines) > MOST_NETWORKS:
            raise ValidationError(_("At most 100 addresses and networks are allowed."))
        return list(dict.fromkeys(map(_network, lines)))


class ApiKeyForm(forms.Form):
    """A new key: its name, what it may do, from where and until when."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy(
            "Helps your colleagues recognise the key: who uses it, and for what."
        ),
    )
    everything = forms.BooleanField(
        label=gettext_lazy("Everything: all permissions below"), required=False
    )
    allow_list = NetworksField(
        label=gettext_lazy("Allowed IP addresses"),
        required=False,
        max_length=10_000,
        help_text=gettext_lazy(
            "One address or network per line, such as 192.0.2.0/24. Leave it empty to allow every "
            "address."
        ),
    )
    expires_at = forms.DateTimeField(
        label=gettext_lazy("Expires"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        validators=[validate_day],
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.fields["expires_at"].help_text = _(
            "Leave it empty for a key that never expires. Time zone: %(zone)s."
        ) % {"zone": timezone.get_current_timezone_name()}
        for area, names in by_area().items():
            self.fields[area.key] = forms.MultipleChoiceField(
                label=area.label,
                required=False,
                widget=forms.CheckboxSelectMultiple,
                choices=[(ALL, _("All of these")), *((name, name) for name in names)],
            )

    @property
    def areas(self) -> Iterator[forms.BoundField]:
        return (self[area.key] for area in by_area())

    def clean_expires_at(self) -> datetime | None:
        moment = self.cleaned_data["expires_at"]
        if moment and moment <= timezone.now():
            raise ValidationError(_("This time has passed."))
        return moment

    def clean(self) -> dict[str, Any]:
        """Give what was entered, all boxes together as ``permissions``."""
        cleaned = super().clean() or self.cleaned_data
        permissions = list(_permissions(cleaned))
        if not permissions:
            self.add_error("everything", _("Tick at least one permission."))
        names = ("name", "allow_list", "expires_at")
        return {name: cleaned.get(name) for name in names} | {"permissions": permissions}


def _permissions(cleaned: dict[str, Any]) -> Iterator[str]:
    for area, names in by_area().items():
        ticked = cleaned.get(area.key, [])
        whole = cleaned.get("everything") or ALL in ticked
        yield from (name for name in names if whole or name in ticked)


def _network(line: str) -> str:
    try:
        if "%" in line:
            raise ValueError
        return str(ip_network(line))
    except ValueError as error:
        raise ValidationError(
            _("“%(line)s” is not an IP address or a network such as 192.0.2.0/24."),
            params={"line": line},
        ) from error
