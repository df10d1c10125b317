"""Telling the admins of a workspace that a connector needs them: a mail for each trouble."""

from datetime import datetime
from typing import Any

from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from currents.models import Connector
from workspaces.models import Member


def credentials_failed(connector: Connector) -> None:
    """Tell that the receiver no longer accepts the credentials, unless that was told."""
    if _first(connector, "credentials_told_at"):
        _tell(
            connector,
            _("“%(connector)s” no longer delivers: its credentials are not accepted"),
            _(
                "The receiver of the connector “%(connector)s” in the workspace “%(workspace)s” "
                "answers that it does not accept its URL or its token. Nothing is lost yet: the "
                "portal tries again every few minutes for 48 hours, then it suspends the "
                "connector.\n\nCheck the endpoint URL and the token in the portal, under Partner "
                "Integrations > Data Export."
            ),
        )


def lags(connector: Connector, *, minutes: int) -> None:
    """Tell that events have waited for so many minutes, unless that was told."""
    if _first(connector, "lag_told_at"):
        _tell(
            connector,
            _("“%(connector)s” is %(minutes)s minutes behind"),
            _(
                "The connector “%(connector)s” in the workspace “%(workspace)s” has events that "
                "have waited for %(minutes)s minutes. They are kept and sent when the receiver "
                "takes them.\n\nWhat it answered stands in the portal, under Partner Integrations > "
                "Data Export."
            ),
            minutes=minutes,
        )


def suspended(connector: Connector) -> None:
    """Tell that the connector was suspended."""
    _tell(
        connector,
        _("“%(connector)s” was suspended"),
        _(
            "The connector “%(connector)s” in the workspace “%(workspace)s” could not deliver for "
            "too long and was suspended. Its events of the last 7 days wait for an admin to resume "
            "it in the portal, under Partner Integrations > Data Export."
        ),
    )


def _first(connector: Connector, field: str) -> bool:
    """Note when this was told; tell whether it was for the first time."""
    now: datetime = timezone.now()
    untold = Connector.objects.filter(pk=connector.pk, **{field: None})
    return bool(untold.update(**{field: now}))


def _tell(connector: Connector, subject: str, text: str, **values: Any) -> None:
    """Send the mail once the transaction, if there is one, is over."""
    workspace = connector.workspace
    words = {"connector": connector.name, "workspace": workspace.name} | values
    admins = Member.objects.in_workspace(workspace).admins().filter(user__is_active=True)
    to = list(admins.order_by("pk").values_list("user__email", flat=True))
    if to:
        mail = EmailMessage(" ".join((subject % words).split()), text % words, bcc=to)
        transaction.on_commit(lambda: mail.send(fail_silently=True))
