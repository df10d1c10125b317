"""What a segment was before, and how it came to be what it is."""

from uuid import UUID

from django.http import Http404, HttpResponse

from workspaces.access import WorkspaceRequest, workspace_page


@workspace_page()
def segment_history(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    raise Http404


@workspace_page()
def segment_restore(request: WorkspaceRequest, pk: UUID, version: int) -> HttpResponse:
    raise Http404
