"""Settings > API Keys: who may call the REST API, and with what right."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from lib.request_addresses import rest_endpoint
from workspaces.access import WorkspaceRequest, workspace_page
from workspaces.api_keys.forms import ApiKeyForm
from workspaces.api_keys.issuing import NameTaken, delete_api_key, issue_api_key
from workspaces.models import RestApiKey, Role
from workspaces.permissions import by_area

KEYS_PER_PAGE = 50

admin_page = workspace_page(reads=Role.ADMIN, writes=Role.ADMIN)


@admin_page
def api_key_list(request: WorkspaceRequest) -> HttpResponse:
    keys = RestApiKey.objects.in_workspace(request.workspace).select_related("created_by")
    page = Paginator(keys, KEYS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"keys": page, "page": page, "rest_endpoint": rest_endpoint(request)}
    return render(request, "workspaces/api_key_list.html", context)


@never_cache
@admin_page
def api_key_new(request: WorkspaceRequest) -> HttpResponse:
    """Make a key, and show its secret in the answer to the POST itself, this once."""
    form = ApiKeyForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            key, secret = issue_api_key(request.workspace, by=request.user, **form.cleaned_data)
        except NameTaken:
            form.add_error("name", _("A key has this name already. Choose a different name."))
        else:
            context = {"key": key, "secret": secret, "rest_endpoint": rest_endpoint(request)}
            return render(request, "workspaces/api_key_added.html", context)
    return render(request, "workspaces/api_key_new.html", {"form": form})


@admin_page
def api_key_detail(request: WorkspaceRequest, pk: int) -> HttpResponse:
    key = _key(request, pk)
    areas = [
        (area.label, [name for name in names if name in key.permissions])
        for area, names in by_area().items()
    ]
    context = {"key": key, "areas": [(label, names) for label, names in areas if names]}
    return render(request, "workspaces/api_key.html", context)


@admin_page
def api_key_delete(request: WorkspaceRequest, pk: int) -> HttpResponse:
    key = _key(request, pk)
    if request.method != "POST":
        return render(request, "workspaces/api_key_delete.html", {"key": key})
    delete_api_key(key, by=request.user)
    messages.success(request, _("The key “%(name)s” is deleted.") % {"name": key})
    return redirect("api-key-list", request.workspace.slug)


def _key(request: WorkspaceRequest, pk: int) -> RestApiKey:
    found = RestApiKey.objects.in_workspace(request.workspace).select_related("created_by")
    key = get_object_or_404(found, pk=pk)
    key.workspace = request.workspace
    return key
