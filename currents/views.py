"""Partner Integrations > Data Export: the connectors of a workspace."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from currents import connectors, health, holding
from currents.calling import Answer
from currents.forms import ConnectorForm, DeleteForm, ReplayForm
from currents.models import Connector
from currents.reactions import Reaction
from lib.wording import in_words
from workspaces.access import WorkspaceRequest, workspace_page
from workspaces.models import Role

ERRORS_SHOWN = 20
EDITS_SHOWN = 20

ACTIONS = {
    "launch": connectors.launch,
    "pause": connectors.pause,
    "resume": connectors.resume,
    "retry": connectors.retry_now,
}


@workspace_page(writes=Role.ADMIN)
def connector_list(request: WorkspaceRequest) -> HttpResponse:
    context = {"connectors": health.connectors_of(request.workspace)}
    return render(request, "currents/connector_list.html", context)


@workspace_page(reads=Role.ADMIN, writes=Role.ADMIN)
def connector_edit(request: WorkspaceRequest, pk: UUID | None = None) -> HttpResponse:
    connector = _connector(request, pk) if pk else Connector(workspace=request.workspace)
    was = connector.name
    form = ConnectorForm(request.POST if request.method == "POST" else None, instance=connector)
    if form.is_valid():
        return redirect(form.keep(by=request.user))
    context = {"form": form, "connector": connector, "was": was}
    return render(request, "currents/connector_edit.html", context)


@workspace_page(writes=Role.ADMIN)
def connector_detail(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    connector = _connector(request, pk)
    replaying = ReplayForm(request.POST if "replay" in request.POST else None)
    deleting = DeleteForm(request.POST if "delete" in request.POST else None)
    if deleting.is_valid():
        connectors.delete(connector, by=request.user)
        messages.success(request, _("The connector “%(name)s” is deleted.") % {"name": connector})
        return redirect("connector-list", request.workspace.slug)
    if request.method == "POST" and not deleting.is_bound and _act(request, connector, replaying):
        return redirect(connector)
    known = health.connector_health(connector)
    context: dict[str, Any] = {
        "connector": connector,
        "health": known,
        "holder": holding.holder() if known.seconds > holding.LONG_SECONDS else None,
        "hours": health.hours(connector),
        "errors": connector.errors.all()[:ERRORS_SHOWN],
        "edits": health.edits(connector, EDITS_SHOWN),
        "replaying": replaying,
        "deleting": deleting,
    }
    part = "#moving" if request.htmx.target == "moving" else ""
    return render(request, f"currents/connector.html{part}", context)


def _act(request: WorkspaceRequest, connector: Connector, replaying: ReplayForm) -> bool:
    """Do what the button says; tell whether that is over."""
    for name, action in ACTIONS.items():
        if name in request.POST:
            action(connector, by=request.user)
            return True
    if "test" in request.POST:
        _tell_of_test(request, connectors.send_test_events(connector, by=request.user))
        return True
    if replaying.is_valid():
        count = connectors.replay(connector, replaying.cleaned_data["start"], by=request.user)
        said = ngettext(
            "%(count)s event type is sent again.", "%(count)s event types are sent again.", count
        )
        messages.success(request, said % {"count": count})
        return True
    return not replaying.is_bound


def _tell_of_test(request: WorkspaceRequest, answer: Answer) -> None:
    values = {"status": answer.status, "detail": answer.detail}
    if answer.status is None:
        values["detail"] = in_words(answer.detail)
    if answer.reaction is Reaction.DONE:
        messages.success(request, _("The receiver accepted the test events: %(status)s") % values)
    elif answer.status is None:
        messages.error(request, _("The receiver did not answer: %(detail)s") % values)
    else:
        said = _("The receiver did not accept the test events: %(status)s %(detail)s")
        messages.error(request, said % values)


def _connector(request: WorkspaceRequest, pk: UUID) -> Connector:
    mine = Connector.objects.in_workspace(request.workspace).select_related("workspace")
    return get_object_or_404(mine, pk=pk)
