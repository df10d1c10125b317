"""Telling the admins of a workspace that a connector needs them: a mail for each trouble."""

from datetime import datetime
from typing import Any

from django.core.mail import EmailMessage
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from currents.models import Connector
from workspaces.models import Member

TASK = "currents.tasks.send_mail"


def credentials_failed(connector: Connector) -> None:
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
    if _first(connector, "lag_told_at"):
        _tell(
            connector,
            _("“%(connector)s” is %(minutes)s minutes behind"),
            _(
                "The connector “%(connector)s” in the workspace “%(workspace)s” has events that "
                "have waited for %(minutes)s minutes. They are kept and sent when the receiver "
                "takes them.\n\nWhat it answered stands in the portal, under Partner Integrations "
                "> Data Export."
            ),
            minutes=minutes,
        )


def suspended(connector: Connector) -> None:
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
    """Have the mail sent by a job, which tries again where the mail server is away."""
    workspace = connector.workspace
    words = {"connector": connector.name, "workspace": workspace.name} | values
    admins = Member.objects.in_workspace(workspace).admins().filter(user__is_active=True)
    to: Any = list(admins.order_by("pk").values_list("user__email", flat=True))
    if to:
        line = " ".join((subject % words).split())  # a name may hold what a header may not
        app.configure_task(TASK).defer(to=to, subject=line, text=text % words)


def send_mail(to: list[str], subject: str, text: str) -> None:
    """Send one mail to all of ``to``; no recipient sees another's address."""
    EmailMessage(subject, text, bcc=to).send()
