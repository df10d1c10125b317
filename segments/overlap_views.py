"""The page that compares two segments."""

from django.http import Http404, HttpResponse

from workspaces.access import WorkspaceRequest, workspace_page


@workspace_page()
def segment_overlap(request: WorkspaceRequest) -> HttpResponse:
    raise Http404
