"""What the draft of a message asks for, channel by channel. A new channel is one form here."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from campaigns.alternatives import DraftForm
from campaigns.models import Channel

METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE")
LONGEST_BODY = 400_000
#: A header's name as HTTP has it: letters, digits and a few signs.
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class HeadersField(forms.CharField):
    """Request headers, typed as lines “Name: value”, kept as pairs."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "font-monospace"})

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return "\n".join(f"{name}: {text}" for name, text in value)
        return value

    def clean(self, value: Any) -> list[list[str]]:
        lines = [line for line in super().clean(value).splitlines() if line.strip()]
        pairs = []
        for line in lines:
            name, colon, text = (part.strip() for part in line.partition(":"))
            if not colon or not HEADER_NAME.fullmatch(name):
                raise ValidationError(
                    _("“%(line)s” is not a header: write “Name: value”."),
                    params={"line": line.strip()},
                )
            pairs.append([name, text])
        return pairs


def text_area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class EmailMessageForm(DraftForm):
    needed = ("subject", "body")

    from_name = forms.CharField(label=_("From name"), max_length=100, required=False)
    subject = forms.CharField(label=_("Subject"), max_length=255, required=False)
    preheader = forms.CharField(
        label=_("Preheader"),
        max_length=255,
        required=False,
        help_text=_("The line that the inbox shows beside the subject."),
    )
    body = forms.CharField(
        label=_("Body"), max_length=LONGEST_BODY, required=False, widget=text_area(10)
    )


class WebhookMessageForm(DraftForm):
    needed = ("url",)

    url = forms.CharField(
        label=_("Webhook URL"),
        max_length=2000,
        required=False,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        # Not a URLField: the address may hold a user's attribute in braces.
        validators=[
            RegexValidator(
                r"^https?://[^\s/?#]",
                _("Enter an address that begins with https:// or http://."),
            )
        ],
    )
    method = forms.ChoiceField(
        label=_("HTTP method"), choices=[(name, name) for name in METHODS], initial=METHODS[0]
    )
    headers = HeadersField(
        label=_("Request headers"),
        max_length=8000,
        required=False,
        help_text=_("One per line, such as “Content-Type: application/json”."),
    )
    body = forms.CharField(
        label=_("Request body"), max_length=LONGEST_BODY, required=False, widget=text_area(8)
    )


MESSAGE_FORMS: dict[str, type[DraftForm]] = {
    Channel.EMAIL: EmailMessageForm,
    Channel.WEBHOOK: WebhookMessageForm,
}
