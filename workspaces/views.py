"""Signing in and out, the team, the workspace's settings and its audit log."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import views as auth
from django.contrib.messages.views import SuccessMessageMixin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workspaces import audit
from workspaces import limits as allowed
from workspaces import team as people
from workspaces.access import WorkspaceRequest, workspace_page
from workspaces.forms import (
    AddMemberForm,
    RemoveMemberForm,
    RoleForm,
    SignInForm,
    WorkspaceForm,
)
from workspaces.invitation_views import hand_over
from workspaces.invitations import are_mailed
from workspaces.listing import AuditFilterSet
from workspaces.models import Role
from workspaces.sign_in import cool_off_minutes

AUDIT_ENTRIES_PER_PAGE = 50
MEMBERS_PER_PAGE = 50


class SignIn(auth.LoginView):
    template_name = "registration/sign_in.html"
    form_class = SignInForm
    redirect_authenticated_user = True


class SignOut(auth.LogoutView):
    """By POST only, so that no picture on another page can sign anybody out."""


class PasswordChange(SuccessMessageMixin, auth.PasswordChangeView):
    template_name = "registration/password_change.html"
    success_url = reverse_lazy("home")
    success_message = gettext_lazy("Your password is changed.")


def locked_out(
    request: HttpRequest, response: HttpResponse | None, credentials: Any
) -> HttpResponse:
    """Answer a user who failed to sign in too often. Called by django-axes."""
    minutes = cool_off_minutes(request)
    return render(request, "registration/locked_out.html", {"minutes": minutes}, status=429)


@workspace_page(writes=Role.ADMIN)
def workspace_settings(request: WorkspaceRequest) -> HttpResponse:
    workspace = request.workspace
    before = {"name": workspace.name, "time_zone": workspace.time_zone}
    form = WorkspaceForm(request.POST or None, instance=workspace)
    if request.method == "POST" and form.is_valid():
        form.save()
        if form.changed_data:
            after = form.cleaned_data
            changes = {field: f"{before[field]} → {after[field]}" for field in form.changed_data}
            audit.record(workspace, request.user, "Updated Workspace", workspace, **changes)
        messages.success(request, _("The workspace is saved."))
        return redirect("workspace-settings", workspace.slug)
    return render(request, "workspaces/settings.html", {"form": form})


@workspace_page(writes=Role.ADMIN)
def team(request: WorkspaceRequest) -> HttpResponse:
    workspace = request.workspace
    form = AddMemberForm(request.POST or None, workspace=workspace)
    if request.method == "POST" and form.is_valid():
        email, role = form.cleaned_data["email"], Role(form.cleaned_data["role"])
        return hand_over(request, email=email, role=role)
    members = workspace.members.select_related("user").order_by("user__email")
    page = Paginator(members, MEMBERS_PER_PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {"form": form, "members": page, "page": page, "mailed": are_mailed()}
    if request.member.may(Role.ADMIN):
        context["invitations"] = workspace.invitations.select_related("invited_by")
    return render(request, "workspaces/team.html", context)


@workspace_page(reads=Role.ADMIN, writes=Role.ADMIN)
def team_member(request: WorkspaceRequest, pk: int) -> HttpResponse:
    who = get_object_or_404(request.workspace.members.select_related("user", "workspace"), pk=pk)
    saving = RoleForm(_posted(request, "save"), member=who, by=request.user)
    removing = RemoveMemberForm(_posted(request, "remove"), member=who, by=request.user)
    try:
        if saving.is_valid():
            people.change_role(who, role=Role(saving.cleaned_data["role"]), by=request.user)
            messages.success(request, _("The role is saved."))
            return redirect("team", request.workspace.slug)
        if removing.is_valid():
            people.remove_member(who, by=request.user)
            messages.success(request, _("%(person)s is removed.") % {"person": who.user})
            return (
                redirect("home")
                if who.user == request.user
                else redirect("team", request.workspace.slug)
            )
    except people.LastAdminError as refusal:
        (saving if saving.is_bound else removing).add_error(None, str(refusal))
    context = {"who": who, "saving": saving, "removing": removing}
    return render(request, "workspaces/team_member.html", context)


def _posted(request: WorkspaceRequest, button: str) -> QueryDict | None:
    return request.POST if button in request.POST else None


@workspace_page(reads=Role.ADMIN, writes=Role.ADMIN)
def limits(request: WorkspaceRequest) -> HttpResponse:
    shares, calls = allowed.shares(request.workspace), allowed.calls(request.workspace)
    context = {"shares": shares, "calls": calls}
    return render(request, "workspaces/limits.html", context)


@workspace_page(reads=Role.ADMIN, writes=Role.ADMIN)
def audit_log(request: WorkspaceRequest) -> HttpResponse:
    entries = request.workspace.audit_entries.select_related("actor")
    narrowed = AuditFilterSet(request.GET, queryset=entries)
    page = Paginator(narrowed.qs, AUDIT_ENTRIES_PER_PAGE).get_page(request.GET.get("page"))
    told = [
        (entry, audit.who_in_words(entry), list(audit.details_in_words(entry))) for entry in page
    ]
    context = {"filter": narrowed, "page": page, "entries": told}
    return render(request, "workspaces/audit_log.html", context)
