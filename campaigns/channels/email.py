"""E-mail: it reaches the profiles that have an address and want messages."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.alternatives import DraftForm
from campaigns.channels.base import LONGEST_BODY, Channel, SendTo, register, text_area
from profiles.models import Subscription
from segments.filters import fields
from segments.filters.attributes import EMAIL_IS_AVAILABLE, AttributeFilter, EmailSubscription
from segments.filters.base import Operator, unlisted
from segments.trees.tree import Group, Tree


@unlisted
class EmailPossible(AttributeFilter):
    """Whether mail to a profile arrives, wanted or not."""

    kind = "email_possible"
    column = "(email <> '' and email_hard_bounced_at is null and email_marked_spam_at is null)"
    operators: ClassVar[dict[str, Operator]] = {"true": Operator("", fields.nothing, "x")}


EMAIL_IS_OPTED_IN = EmailSubscription("", "is", (Subscription.OPTED_IN.value,))
EMAIL_IS_POSSIBLE = EmailPossible("", "true", ())


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


@register
class Email(Channel):
    key = "email"
    label = _("Email")
    icon = "mail"
    form = EmailMessageForm
    reaches: ClassVar[dict[SendTo, Tree]] = {
        SendTo.SUBSCRIBED: Tree((Group((EMAIL_IS_AVAILABLE,)),)),
        SendTo.OPTED_IN: Tree((Group((EMAIL_IS_AVAILABLE, EMAIL_IS_OPTED_IN)),)),
        SendTo.EVERYONE: Tree((Group((EMAIL_IS_POSSIBLE,)),)),
    }
    figures = (
        "sent",
        "opens",
        "unique_opens",
        "clicks",
        "unique_clicks",
        "unsubscribes",
        "bounces",
        "delivered",
        "reported_spam",
    )

    def details(self, message: dict[str, Any], *, title: str) -> dict[str, Any]:
        return {
            "extras": [],
            "subject": message.get("subject", ""),
            "body": message.get("body", ""),
            "from": message.get("from_name", ""),
            "reply_to": None,
            "title": title,
            "amp_body": None,
            "preheader": message.get("preheader", ""),
            "custom_plain_text": None,
            "should_inline_css": False,
            "should_whitespace_header": False,
            "email_headers": [],
        }
