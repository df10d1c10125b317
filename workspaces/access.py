"""Who may open a page: decided once, where the workspace is fetched."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh

from lib.calendar import Zone
from workspaces.models import Member, Role, User, Workspace


class WorkspaceRequest(HttpRequest):
    """A request of a member: what ``workspace_page`` hands to the view behind it."""

    user: User
    workspace: Workspace
    member: Member
    memberships: list[Member]
    htmx: Any


type Page[**P] = Callable[Concatenate[WorkspaceRequest, P], HttpResponseBase]


def workspace_page[**P](
    *, reads: Role = Role.ANALYST, writes: Role = Role.MARKETER
) -> Callable[[Page[P]], Callable[..., HttpResponseBase]]:
    """Let only members of the workspace named in the URL see a page.

    A stranger gets 404, so that nothing tells which workspaces exist. A member whose role is
    below ``reads`` (or below ``writes``, for a POST) gets 403 and is told which members to ask.
    Times are shown in the workspace's time zone.
    """

    def decorate(view: Page[P]) -> Callable[..., HttpResponseBase]:
        @_refresh_when_signed_out
        @login_required
        @wraps(view)
        def guarded(
            request: Any, workspace: str, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            memberships = list(Member.objects.of(request.user))
            member = next((m for m in memberships if m.workspace.slug == workspace), None)
            if member is None:
                raise Http404
            request.memberships, request.member = memberships, member
            request.workspace = member.workspace
            needed = reads if request.method in {"GET", "HEAD"} else writes
            if not member.may(needed):
                raise PermissionDenied(needed.label)
            with timezone.override(Zone(member.workspace.time_zone)):
                return view(request, *args, **kwargs)

        return guarded

    return decorate


def _refresh_when_signed_out(
    page: Callable[..., HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Have a page that asks for a part of itself load anew: no sign-in form inside the page."""

    @wraps(page)
    def asked(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.htmx and not request.user.is_authenticated:
            return HttpResponseClientRefresh()
        return page(request, *args, **kwargs)

    return asked
