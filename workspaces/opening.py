"""Making a workspace and its first members from the command line."""

import secrets

from django.core.exceptions import ValidationError
from django.core.validators import validate_email, validate_slug
from django.db import transaction

from workspaces import audit
from workspaces.models import Member, Role, User, Workspace


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
