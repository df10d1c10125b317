"""Webhooks: an HTTP request about each profile, which asks nothing of the profile itself."""

import re
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from campaigns.alternatives import DraftForm
from campaigns.channels.base import LONGEST_BODY, Channel, SendTo, register, text_area
from segments.trees.tree import Tree

METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE")
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


@register
class Webhook(Channel):
    key = "webhook"
    label = _("Webhook")
    icon = "webhook"
    form = WebhookMessageForm
    reaches: ClassVar[dict[SendTo, Tree]] = dict.fromkeys(SendTo, Tree())
    figures = ("sent", "errors")

    def details(self, message: dict[str, Any], *, title: str) -> dict[str, Any]:
        headers = dict(message.get("headers") or [])
        kinds = (text for name, text in headers.items() if name.lower() == "content-type")
        return {
            "url": message.get("url", ""),
            "body": message.get("body", ""),
            "type": next(kinds, None),
            "headers": headers,
            "method": message.get("method", "POST"),
        }
