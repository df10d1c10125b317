"""The people of a segment, page by page."""

from uuid import UUID

from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import render

from segments.access import segment_of
from segments.filters.base import InvalidTree, NotReady
from segments.members import Members, page_of_members, search_members
from segments.models import Segment
from workspaces.access import WorkspaceRequest, workspace_page


@workspace_page()
def segment_members(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    segment = segment_of(request, pk)
    text = request.GET.get("q", "").strip()
    context: dict[str, object] = {"segment": segment, "text": text}
    try:
        context["members"] = _asked(request, segment, text)
    except (DatabaseError, InvalidTree, NotReady):
        context["failed"] = True
    part = "#results" if request.htmx else ""
    return render(request, f"segments/segment_members.html{part}", context)


def _asked(request: WorkspaceRequest, segment: Segment, text: str) -> Members:
    if text:
        return search_members(segment, text, personal=request.member.sees_personal_data)
    return page_of_members(segment, request.GET.get("page"))
