"""The record of who did what: one append-only table."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_noop as _

from workspaces.models import AuditEntry, Role, User, Workspace

#: Every action on record, in the order in which the audit page offers them. The names follow
#: those of Braze's security event report where it has one.
ACTIONS = (
    _("Generated Data Import Key"),
    _("Revealed Data Import Key"),
    _("Invalidated Data Import Key"),
    _("Kept Data Import Key"),
    _("Added REST API key"),
    _("Revealed REST API key"),
    _("Removed REST API key"),
    _("Cleared Cohort"),
    _("Added Segment"),
    _("Edited Segment"),
    _("Archived Segment"),
    _("Unarchived Segment"),
    _("Exported Users"),
    _("User Import Started"),
    _("Added User List"),
    _("Deleted User List"),
    _("Edited User"),
    _("Merged Users"),
    _("Deleted User"),
    _("Deleted Users"),
    _("Renamed External IDs"),
    _("Removed External IDs"),
    _("Added Subscription Group"),
    _("Edited Subscription Group"),
    _("Added Campaign"),
    _("Edited Campaign"),
    _("Archived Campaign"),
    _("Unarchived Campaign"),
    _("Added Canvas"),
    _("Edited Canvas"),
    _("Archived Canvas"),
    _("Unarchived Canvas"),
    _("Added Connector"),
    _("Edited Connector"),
    _("Launched Connector"),
    _("Paused Connector"),
    _("Resumed Connector"),
    _("Retried Connector"),
    _("Replayed Connector"),
    _("Sent Test Events"),
    _("Deleted Connector"),
    _("Invited Member"),
    _("Withdrew Invitation"),
    _("Accepted Invitation"),
    _("Added Member"),
    _("Created Sign-in Link"),
    _("Updated Account Permission"),
    _("Removed Member"),
    _("Updated Workspace"),
)
#: How the page names the details that stand beside an action.
DETAILS = {
    "addresses": pgettext_lazy("a detail", "allowed addresses"),
    "after": pgettext_lazy("a detail", "after"),
    "attributes": pgettext_lazy("a detail", "attributes"),
    "before": pgettext_lazy("a detail", "before"),
    "cohort_id": pgettext_lazy("a detail", "cohort ID"),
    "columns": pgettext_lazy("a detail", "columns"),
    "connector_id": pgettext_lazy("a detail", "connector ID"),
    "copied_from": pgettext_lazy("a detail", "copied from"),
    "ends": pgettext_lazy("a detail", "ends"),
    "event_types": pgettext_lazy("a detail", "event types"),
    "fields": pgettext_lazy("a detail", "fields"),
    "members": pgettext_lazy("a detail", "members"),
    "merged": pgettext_lazy("a detail", "merged"),
    "name": pgettext_lazy("a detail", "name"),
    "partner": pgettext_lazy("a detail", "partner"),
    "permissions": pgettext_lazy("a detail", "permissions"),
    "role": pgettext_lazy("a detail", "role"),
    "since": pgettext_lazy("a detail", "since"),
    "status": pgettext_lazy("a detail", "status"),
    "step": pgettext_lazy("a detail", "step"),
    "time_zone": pgettext_lazy("a detail", "time zone"),
    "users": pgettext_lazy("a detail", "users"),
}
#: The details that hold the code of a role.
ROLES = {"after", "before", "role"}
#: The detail that names the key of the REST API with which something was done.
KEY = "api_key"


def record(
    workspace: Workspace, actor: User | None, action: str, subject: object, **detail: Any
) -> None:
    """Write that ``actor`` did ``action`` (one of ``ACTIONS``) to ``subject``.

    ``detail`` is shown on the audit page: no secret goes in it.
    """
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is not an action on record")
    AuditEntry.objects.create(
        workspace=workspace,
        actor=actor,
        actor_email=actor.email if actor else "",
        action=action,
        subject=str(subject)[:255],
        detail=detail,
    )


def who_in_words(entry: AuditEntry) -> str:
    """Name who did it: a user, a key of the REST API, or a command."""
    if entry.actor_email:
        return entry.actor_email
    if name := entry.detail.get(KEY):
        return gettext("API key “%(name)s”") % {"name": name}
    return gettext("a command")


def details_in_words(entry: AuditEntry) -> Iterator[tuple[Any, Any]]:
    """Give the details of ``entry``, each with its name, roles and steps as the pages call them.

    A key that did it is told by ``who_in_words``.
    """
    roles: dict[Any, Any] = dict(Role.choices)
    for key, value in entry.detail.items():
        if key == KEY and not entry.actor_email:
            continue
        if key in ROLES:
            value = roles.get(value, value)
        elif key == "step":
            value = gettext(value)
        yield DETAILS.get(key, key.replace("_", " ")), value
