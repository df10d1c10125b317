"""The record of who did what: one append-only table."""

from typing import Any

from workspaces.models import AuditEntry, User, Workspace

#: Every action on record, in the order in which the audit page offers them. The names follow
#: those of Braze's security event report where it has one.
ACTIONS = (
    "Generated Data Import Key",
    "Revealed Data Import Key",
    "Invalidated Data Import Key",
    "Cleared Cohort",
    "Added Segment",
    "Edited Segment",
    "Archived Segment",
    "Unarchived Segment",
    "Added Campaign",
    "Edited Campaign",
    "Archived Campaign",
    "Unarchived Campaign",
    "Added Canvas",
    "Edited Canvas",
    "Archived Canvas",
    "Unarchived Canvas",
    "Added Member",
    "Updated Account Permission",
    "Removed Member",
    "Updated Workspace",
)


def record(workspace: Workspace, actor: User | None, action: str, subject: object, **detail: Any) -> None:
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
