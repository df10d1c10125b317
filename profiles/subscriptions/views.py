"""The pages of subscription groups."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from profiles.models import SubscriptionGroup
from profiles.subscriptions.forms import GroupForm
from workspaces import audit
from workspaces.access import WorkspaceRequest, workspace_page

PER_PAGE = 50


@workspace_page()
def group_list(request: WorkspaceRequest) -> HttpResponse:
    """All groups, each with how many are subscribed to it and how many have unsubscribed."""
    groups = SubscriptionGroup.objects.in_workspace(request.workspace).annotate(
        joined=Count("subscriptions", filter=Q(subscriptions__subscribed=True)),
        left=Count("subscriptions", filter=Q(subscriptions__subscribed=False)),
    )
    page = Paginator(groups.order_by("name", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "profiles/group_list.html", {"groups": page, "page": page})


@workspace_page()
def group_edit(request: WorkspaceRequest, pk: UUID | None = None) -> HttpResponse:
    """Make a group, or change its name and description."""
    group = SubscriptionGroup(workspace=request.workspace)
    if pk:
        known = SubscriptionGroup.objects.in_workspace(request.workspace)
        group = get_object_or_404(known, pk=pk)
    form = GroupForm(request.POST or None, instance=group)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        action = "Edited Subscription Group" if pk else "Added Subscription Group"
        audit.record(request.workspace, request.user, action, saved)
        messages.success(request, _("“%(group)s” is saved.") % {"group": saved})
        return redirect("group-list", request.workspace.slug)
    return render(request, "profiles/group_edit.html", {"form": form, "group": group})
