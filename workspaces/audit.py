"""The record of who did what: one append-only table.

A room enters what it puts on record in a module ``audit_actions``, found at start-up.
"""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext

from workspaces.models import AuditEntry, Role, User, Workspace

#: The place of each action on record among those that the audit page offers. The names follow those
#: of Braze's security event report where it has one.
ACTIONS: dict[str, int] = {}
#: How the page names the details that stand beside an action.
DETAILS: dict[str, Any] = {}
#: The details that hold the code of a role.
ROLES = {"after", "before", "role"}
#: The detail that names the key of the REST API with which something was done.
KEY = "api_key"


def register(*names: str, place: int) -> None:
    """Enter actions. The page offers them by ``place``, those of one place in this order."""
    ACTIONS.update(dict.fromkeys(names, place))


def register_details(**labels: Any) -> None:
    DETAILS.update(labels)


def actions() -> list[str]:
    return sorted(ACTIONS, key=ACTIONS.__getitem__)


def record(
    workspace: Workspace, actor: User | None, action: str, subject: object, **detail: Any
) -> None:
    """Write that ``actor`` did ``action`` (one of ``actions()``) to ``subject``.

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
