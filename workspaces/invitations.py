"""Sign-in links: how a new member picks a first password.

A link works once and for ``PASSWORD_RESET_TIMEOUT`` seconds. It is Django's password reset link,
handed over by the admin who asked for it instead of sent by mail.
"""

from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from workspaces.models import Member


def may_invite(member: Member) -> bool:
    """Tell whether an admin of the member's workspace may be given a sign-in link for them.

    Only for a person who has never had a password and works in no other workspace: else the
    link would let an admin of one workspace into another.
    """
    user = member.user
    if user.has_usable_password() or user.is_staff or user.is_superuser:
        return False
    return not user.memberships.exclude(pk=member.pk).exists()


def sign_in_path(member: Member) -> str:
    user = member.user
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("welcome", args=[uid, default_token_generator.make_token(user)])
