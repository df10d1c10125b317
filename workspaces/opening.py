"""Making a workspace and its first members from the command line; closing one to delete it."""

import secrets
from contextlib import suppress

from django.core.exceptions import ValidationError
from django.core.validators import validate_email, validate_slug
from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from workspaces import audit
from workspaces.models import Member, Role, User, Workspace

#: Deletes closed workspaces. In the room above all others: only there is it known what they hold.
DELETING = "braze_portal.tasks.go_on_deleting"


def open_workspace(slug: str) -> Workspace:
    """Return the workspace at the address ``slug``, making it if there is none.

    Raises ``ValidationError`` for what cannot be an address.
    """
    if len(slug) > 50:
        raise ValidationError("A workspace's address has at most 50 characters.")
    validate_slug(slug)
    workspace, _ = Workspace.objects.get_or_create(
        slug=slug, defaults={"name": slug.replace("-", " ").title()}
    )
    return workspace


@transaction.atomic
def admit(
    workspace: Workspace, email: str, role: Role, *, password: str | None = None
) -> str | None:
    """Give the user with the address ``email`` at least ``role`` in ``workspace``.

    Returns the password of a user that is made (a fresh one without ``password``), and None if
    the user exists already. Raises ``ValidationError`` for what is no address.
    """
    validate_email(email)
    user, given = User.objects.named(email).first(), None
    if user is None:
        given = password or secrets.token_urlsafe(12)
        user = User.objects.create_user(email, given)
    member, new = Member.objects.get_or_create(
        workspace=workspace, user=user, defaults={"role": role}
    )
    if new:
        audit.record(workspace, None, "Added Member", user.email, role=role)
    elif not member.may(role):
        audit.record(
            workspace,
            None,
            "Updated Account Permission",
            user.email,
            before=member.role,
            after=role,
        )
        member.role = role
        member.save(update_fields=["role"])
    return given


@transaction.atomic
def close_workspace(workspace: Workspace) -> None:
    """Let no member and no program into ``workspace`` any more, and have a job delete it.

    Another one may have its address at once.
    """
    for rows in (workspace.members, workspace.invitations, workspace.rest_api_keys):
        rows.all().delete()
    Workspace.objects.filter(pk=workspace.pk).update(
        slug=f"closed-{workspace.pk}", deleting_since=timezone.now()
    )
    # A job that waits already deletes this one too.
    with suppress(AlreadyEnqueued), transaction.atomic():
        app.configure_task(DELETING).defer(timestamp=0)
