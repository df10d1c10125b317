"""Changing what the members of a workspace may do, and letting them go.

How they come in is told in ``workspaces.invitations``.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from workspaces import audit
from workspaces.models import Invitation, Member, Role, User


class LastAdminError(Exception):
    """Refused: the workspace would be left without an admin. Its text may be shown."""

    def __init__(self) -> None:
        super().__init__(_("A workspace needs an admin. Make somebody else an admin first."))


@transaction.atomic
def change_role(member: Member, *, role: Role, by: User) -> None:
    before = member.role
    if before == role:
        return
    if role != Role.ADMIN:
        _keep_an_admin(member)
    member.role = role
    member.save(update_fields=["role"])
    audit.record(
        member.workspace,
        by,
        "Updated Account Permission",
        member.user.email,
        before=before,
        after=member.role,
    )


@transaction.atomic
def remove_member(member: Member, *, by: User) -> None:
    _keep_an_admin(member)
    Invitation.objects.in_workspace(member.workspace).filter(
        sign_in_name=member.user.sign_in_name
    ).delete()
    audit.record(member.workspace, by, "Removed Member", member.user.email, role=member.role)
    member.delete()


def _keep_an_admin(member: Member) -> None:
    """Refuse when ``member`` is the only admin.

    The admins are locked, so that two who demote each other at once do not both succeed.
    """
    admins = Member.objects.filter(workspace=member.workspace, role=Role.ADMIN).order_by("pk")
    if [admin.pk for admin in admins.select_for_update()] == [member.pk]:
        raise LastAdminError
