"""The pages of fixed lists of people: uploaded, or frozen from a segment."""

from uuid import UUID

from django.http import Http404, HttpResponse

from workspaces.access import WorkspaceRequest, workspace_page


@workspace_page()
def user_list_list(request: WorkspaceRequest) -> HttpResponse:
    raise Http404


@workspace_page()
def user_list_new(request: WorkspaceRequest) -> HttpResponse:
    raise Http404


@workspace_page()
def user_list_detail(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    raise Http404


@workspace_page()
def user_list_delete(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    raise Http404


@workspace_page()
def segment_freeze(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    raise Http404
