"""The people of a segment, page by page."""

from uuid import UUID

from django.http import Http404, HttpResponse

from workspaces.access import WorkspaceRequest, workspace_page


@workspace_page()
def segment_members(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    raise Http404
