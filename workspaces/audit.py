"""The record of who did what: one append-only table."""

from typing import Any

from django.utils.translation import gettext_noop as _

from workspaces.models import AuditEntry, User, Workspace

#: Every action on record, in the order in which the audit page offers them. The names follow
#: those of Braze's security event report where it has one.
ACTIONS = (
    _("Generated Data Import Key"),
    _("Revealed Data Import Key"),
    _("Invalidated Data Import Key"),
    _("Kept Data Import Key"),
    _("Cleared Cohort"),
    _("Added Segment"),
    _("Edited Segment"),
    _("Archived Segment"),
    _("Unarchived Segment"),
    _("Added Campaign"),
    _("Edited Campaign"),
    _("Archived Campaign"),
    _("Unarchived Campaign"),
    _("Added Canvas"),
    _("Edited Canvas"),
    _("Archived Canvas"),
    _("Unarchived Canvas"),
    _("Added Member"),
    _("Created Sign-in Link"),
    _("Updated Account Permission"),
    _("Removed Member"),
    _("Updated Workspace"),
)


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
