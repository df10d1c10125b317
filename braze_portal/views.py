"""The first pages: where one lands after signing in, and what stands in a workspace."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from braze_portal import overview as standing
from workspaces.access import WorkspaceRequest, workspace_page
from workspaces.models import Member


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Go to the first of one's workspaces, or say what to do without one."""
    member = Member.objects.of(request.user).first()
    if member:
        return redirect(member.workspace)
    return render(request, "home.html")


@workspace_page()
def overview(request: WorkspaceRequest) -> HttpResponse:
    """What stands in the workspace and what is worth doing next."""
    figures = standing.figures(request.workspace)
    context = {
        "figures": figures,
        "partners": standing.connected_partners(request.workspace),
        "calls": standing.newest_calls(request.workspace),
        "steps": standing.next_steps(request.member, figures),
        "wrong_sizes": standing.wrong_sizes(request.member),
    }
    return render(request, "overview.html", context)
