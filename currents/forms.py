"""What an admin fills in: a connector, and from when to send again."""

import re
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from currents import connectors, partitions
from currents.models import Connector, Transformation
from currents.types.base import CATALOGUE, Properties
from currents.types.fields import text_fields
from lib.calendar import validate_day
from lib.outbound import Refused, check_url
from workspaces.models import User

#: What RFC 6750 lets a bearer token be.
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
KEEP = ("", gettext_lazy("Send as it is"))
PREFIX = "field-"


class ConnectorForm(forms.ModelForm):
    """A connector. The token is only ever taken in, never shown."""

    event_types = forms.MultipleChoiceField(
        label=gettext_lazy("Event types"), widget=forms.CheckboxSelectMultiple
    )
    token = forms.CharField(
        label=gettext_lazy("Bearer token"),
        required=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    without_token = forms.BooleanField(label=gettext_lazy("Send no token any more"), required=False)

    class Meta:
        model = Connector
        fields = ("name", "url", "event_types", "batch_size", "flush_seconds", "gzip")
        help_texts = {  # noqa: RUF012
            "url": gettext_lazy(
                "The address that events are sent to. Your Heap account manager knows it."
            )
        }

    def __init__(self, data: Any = None, *, instance: Connector) -> None:
        super().__init__(data, instance=instance)
        event_types: Any = self.fields["event_types"]
        event_types.choices = [(name, _label(kind)) for name, kind in CATALOGUE.items()]
        if instance.sealed_token:
            self.fields["token"].help_text = _("A token is kept. Leave this empty to keep it.")
        else:
            del self.fields["without_token"]
        for name in text_fields():
            self.fields[PREFIX + name] = forms.ChoiceField(
                label=format_html("<code>{}</code>", name),
                required=False,
                choices=[KEEP, *Transformation.choices],
                initial=instance.transformations.get(name, ""),
            )

    def transformation_fields(self) -> Iterator[forms.BoundField]:
        return (self[PREFIX + name] for name in text_fields())

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            check_url(url)
        except Refused as error:
            raise ValidationError(
                _("Enter an http:// or https:// address without a user name or a password.")
            ) from error
        return url

    def clean_token(self) -> str:
        token: str = self.cleaned_data["token"].strip()
        if token and not TOKEN.fullmatch(token):
            raise ValidationError(_("A token has only letters, digits and - . _ ~ + / ="))
        return token

    def keep(self, *, by: User | None) -> Connector:
        values = self.cleaned_data
        self.instance.transformations = {
            name: values[PREFIX + name] for name in text_fields() if values.get(PREFIX + name)
        }
        token = values["token"] or ("" if values.get("without_token") else None)
        connectors.save(self.instance, token=token, by=by)
        return self.instance

    def _get_validation_exclusions(self) -> set[str]:
        # The workspace is no field of the form, but a name is unique within it.
        exclusions: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return exclusions - {"workspace"}


def _label(kind: type[Properties]) -> str:
    if not kind.is_to_come:
        return str(kind.label)
    return _("%(type)s (none yet: no call reports it)") % {"type": kind.label}


class DeleteForm(forms.Form):
    """That a connector is to be deleted after all."""

    sure = forms.BooleanField(
        label=gettext_lazy("Yes, delete this connector and what waits to be sent"),
        error_messages={"required": gettext_lazy("Tick this to delete the connector.")},
    )


class ReplayForm(forms.Form):
    """From when on events are sent again."""

    start = forms.DateTimeField(
        label=gettext_lazy("Send again what happened since"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        validators=[validate_day],
    )

    def clean_start(self) -> Any:
        start = self.cleaned_data["start"]
        if not timezone.now() - partitions.KEPT <= start <= timezone.now():
            raise ValidationError(_("Enter a time within the last 7 days."))
        return start
