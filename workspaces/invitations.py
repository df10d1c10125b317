"""Invitations: how a person comes into a workspace.

An admin asks for an address and a role. Nothing is granted by that: the person accepts, on a page
to which a link leads that they alone were given. A link is of one workspace, works once and for
``LIFE``, and is kept as a digest. It ends with a newer one to the same person, and once the admin
who sent it is an admin no more.
"""

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from workspaces import audit
from workspaces.models import Invitation, Member, Role, User, Workspace
from workspaces.sign_in_names import comparable

LIFE = timedelta(days=3)


class Ended(Exception):
    """The invitation was used, withdrawn, replaced or is too old; or it is of somebody else."""


@transaction.atomic
def invite(workspace: Workspace, *, email: str, role: Role, by: User) -> tuple[Invitation, str]:
    """Invite whoever has the address ``email``; end what invited them to ``workspace`` before.

    Returns the invitation and the token of its link, which is kept nowhere.
    """
    token = secrets.token_urlsafe(32)
    invitation, _new = Invitation.objects.update_or_create(
        workspace=workspace,
        sign_in_name=comparable(email),
        defaults={
            "email": User.objects.normalize_email(email),
            "role": role,
            "digest": _digest(token),
            "invited_by": by,
            "expires_at": timezone.now() + LIFE,
        },
    )
    audit.record(workspace, by, "Invited Member", invitation.email, role=role)
    return invitation, token


def are_mailed() -> bool:
    """Tell whether links go by mail. Where no mail can be sent an admin hands them over."""
    return bool(settings.SMTP_HOST)


def mail(invitation: Invitation, link: str) -> None:
    """Mail ``link``, now: a job would keep it. Raises OSError where the mail cannot be sent."""
    words = {
        "workspace": invitation.workspace.name,
        "admin": invitation.invited_by,
        "role": invitation.get_role_display(),
        "link": link,
    }
    subject = _("An invitation to the workspace “%(workspace)s”") % words
    text = _(
        "%(admin)s invites you to the workspace “%(workspace)s” of Braze Portal. Your role "
        "there: %(role)s.\n\nOpen this link to accept. It works once, and for three days:\n\n"
        "%(link)s\n\nIf you do not expect this, do nothing: nobody can accept it without the link."
    )
    # A name may hold what a header may not.
    EmailMessage(" ".join(subject.split()), text % words, to=[invitation.email]).send()


def find(token: str) -> Invitation | None:
    """Return the live invitation to which the link with ``token`` leads, or None."""
    found = Invitation.objects.live(timezone.now()).filter(digest=_digest(token))
    return found.select_related("workspace", "invited_by").first()


@transaction.atomic
def withdraw(invitation: Invitation, *, by: User) -> None:
    """End an invitation; nothing if it was accepted meanwhile."""
    deleted, _by_model = Invitation.objects.filter(pk=invitation.pk).delete()
    if deleted:
        audit.record(invitation.workspace, by, "Withdrew Invitation", invitation.email)


@transaction.atomic
def accept(invitation: Invitation, user: User) -> Member:
    """Make ``user`` a member by an invitation of theirs. Raises Ended."""
    mine = Invitation.objects.live(timezone.now()).filter(
        pk=invitation.pk, digest=invitation.digest, sign_in_name=user.sign_in_name
    )
    held = mine.select_for_update(of=("self",)).first()
    if held is None or not user.is_active:
        raise Ended
    member, _new = Member.objects.get_or_create(
        workspace=invitation.workspace, user=user, defaults={"role": held.role}
    )
    held.delete()
    audit.record(invitation.workspace, user, "Accepted Invitation", user.email, role=member.role)
    return member


@transaction.atomic
def accept_with_password(invitation: Invitation, password: str) -> Member:
    """Accept as a person who has no password yet, and who picks ``password``. Raises Ended.

    What they were added to before they had one was never accepted by them: the link of one
    workspace opens no other. There they are invited anew, by a link that somebody has yet to send.
    """
    user = guest(invitation)
    if user is None:
        raise Ended
    user.set_password(password)
    user.save()
    for unaccepted in user.memberships.select_related("workspace"):
        Invitation.objects.get_or_create(
            workspace=unaccepted.workspace,
            sign_in_name=user.sign_in_name,
            defaults={
                "email": user.email,
                "role": unaccepted.role,
                "digest": _digest(secrets.token_urlsafe(32)),
                "expires_at": timezone.now(),
            },
        )
        audit.record(unaccepted.workspace, None, "Removed Member", user.email, role=unaccepted.role)
        unaccepted.delete()
    return accept(invitation, user)


def guest(invitation: Invitation) -> User | None:
    """Return the user, saved or not, who may pick a first password by this invitation.

    None for a person who has a password, and for operators: their passwords are not for admins of
    a workspace to give.
    """
    user = User.objects.named(invitation.email).first()
    if user is None:
        return User(email=invitation.email)
    closed = user.has_usable_password() or user.is_staff or user.is_superuser or not user.is_active
    return None if closed else user


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
