"""Where the link of an invitation leads, and what admins do with those that wait."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.forms import SetPasswordForm
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from workspaces import invitations
from workspaces.access import WorkspaceRequest, workspace_page
from workspaces.models import Invitation, Role

BACKEND = "django.contrib.auth.backends.ModelBackend"


@sensitive_post_parameters()
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Say which workspace invites, and accept: with a first password, or by one click."""
    found = invitations.find(token)
    if found is None:
        return render(request, "registration/invitation_ended.html", status=404)
    context: dict[str, Any] = {"invitation": found}
    try:
        if request.user.is_authenticated:
            if request.method == "POST":
                return redirect(invitations.accept(found, request.user).workspace)
            context["is_own"] = request.user.sign_in_name == found.sign_in_name
            return render(request, "registration/invitation.html", context)
        guest = invitations.guest(found)
        form = SetPasswordForm(guest, request.POST or None) if guest else None
        if form and form.is_valid():
            password = form.cleaned_data["new_password1"]
            member = invitations.accept_with_password(found, password)
            login(request, member.user, backend=BACKEND)
            return redirect(member.workspace)
    except (invitations.Ended, IntegrityError):
        # Meanwhile it ended, or the person accepted another and has a password now.
        return redirect(request.path)
    return render(request, "registration/invitation.html", context | {"form": form})


@never_cache
@workspace_page(reads=Role.ADMIN, writes=Role.ADMIN)
def team_invitation(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Send an invitation once more, by a new link, or withdraw it."""
    waiting = request.workspace.invitations.select_related("invited_by", "workspace")
    found = get_object_or_404(waiting, pk=pk)
    if "resend" in request.POST:
        return hand_over(request, email=found.email, role=Role(found.role))
    if "withdraw" in request.POST:
        invitations.withdraw(found, by=request.user)
        messages.success(request, _("The invitation of %(email)s is withdrawn.") % _named(found))
        return redirect("team", request.workspace.slug)
    return render(request, "workspaces/team_invitation.html", {"invitation": found})


def hand_over(request: WorkspaceRequest, *, email: str, role: Role) -> HttpResponse:
    """Invite a person, and mail the link; where no mail can be sent, show it this once."""
    made, token = invitations.invite(request.workspace, email=email, role=role, by=request.user)
    link = request.build_absolute_uri(made.path(token))
    if not invitations.are_mailed():
        context = {"invitation": made, "link": link}
        return render(request, "workspaces/invitation_made.html", context)
    try:
        invitations.mail(made, link)
    except OSError:
        said = _("The mail to %(email)s could not be sent. Try again later, or ask an operator.")
        messages.error(request, said % _named(made))
    else:
        messages.success(request, _("The invitation is mailed to %(email)s.") % _named(made))
    return redirect("team", request.workspace.slug)


def _named(invitation: Invitation) -> dict[str, str]:
    return {"email": invitation.email}
