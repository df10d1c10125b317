"""Who may open a page: decided once, where the workspace is fetched."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from workspaces.models import Member, Role, User, Workspace


class WorkspaceRequest(HttpRequest):
    """A request of a member: what ``workspace_page`` hands to the view behind it."""

    user: User
    workspace: Workspace
    member: Member
    htmx: Any


type Page[**P] = Callable[Concatenate[WorkspaceRequest, P], HttpResponse]


def workspace_page[**P](
    *, reads: Role = Role.ANALYST, writes: Role = Role.MARKETER
) -> Callable[[Page[P]], Callable[..., HttpResponse]]:
    """Let only members of the workspace named in the URL see a page.

    A stranger gets 404, so that nothing tells which workspaces exist. A member whose role is
    below ``reads`` (or below ``writes``, for a POST) gets 403 and is told whom to ask.
    """

    def decorate(view: Page[P]) -> Callable[..., HttpResponse]:
        @login_required
        @wraps(view)
        def guarded(request: Any, workspace: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            member = (
                Member.objects.select_related("workspace")
                .filter(user=request.user, workspace__slug=workspace)
                .first()
            )
            if member is None:
                raise Http404
            needed = reads if request.method in {"GET", "HEAD"} else writes
            if not member.may(needed):
                raise PermissionDenied(needed.label)
            request.member = member
            request.workspace = member.workspace
            return view(request, *args, **kwargs)

        return guarded

    return decorate
