"""Which segment a page is about."""

from uuid import UUID

from django.shortcuts import get_object_or_404

from segments.models import Segment
from workspaces.access import WorkspaceRequest


def segment_of(request: WorkspaceRequest, pk: UUID) -> Segment:
    """Return a segment of the member's own workspace, or raise 404."""
    segment = get_object_or_404(Segment.objects.in_workspace(request.workspace), pk=pk)
    segment.workspace = request.workspace
    return segment
