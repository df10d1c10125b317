"""Exporting the people of a segment."""

from uuid import UUID

from django.http import Http404, HttpResponse

from workspaces.access import WorkspaceRequest, workspace_page


@workspace_page()
def segment_export(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    raise Http404


@workspace_page()
def export_detail(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    raise Http404


@workspace_page()
def export_download(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    raise Http404
