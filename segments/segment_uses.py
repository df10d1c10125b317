"""Segments that are used by other segments."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from segments.models import Segment
from segments.trees.uses import Use, register, register_trees
from workspaces.models import Workspace


@register
def nesting_segments(
    workspace: Workspace, segments: Collection[UUID]
) -> Iterable[tuple[UUID, Use]]:
    """Give the active segments that nest any of ``segments``."""
    links = Segment.nested.through.objects.filter(
        to_segment__in=segments,
        from_segment__workspace=workspace,
        from_segment__archived_at=None,
    ).select_related("from_segment__workspace")
    for link in links:
        outer = link.from_segment
        yield link.to_segment_id, Use(_("Segment"), outer.name, outer.get_absolute_url())


@register_trees
def trees_of_segments(workspace: Workspace) -> Iterable[tuple[Use, dict[str, Any]]]:
    """Give the trees of all segments, archived ones too: what uses those goes on doing so."""
    for segment in Segment.objects.in_workspace(workspace):
        segment.workspace = workspace
        yield Use(_("Segment"), segment.name, segment.get_absolute_url()), segment.tree
