"""The segments that campaigns and Canvases use: chosen to be targeted, or named by a filter."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Canvas, Targeted, TargetedQuerySet
from segments.filters.base import InvalidTree, Label
from segments.trees.nesting import named_segments
from segments.trees.tree import load_tree
from segments.trees.uses import Use, register, register_trees
from workspaces.models import Workspace


@register
def targeting_campaigns(
    workspace: Workspace, segments: Collection[UUID]
) -> Iterable[tuple[UUID, Use]]:
    """Give the campaigns, archived ones left out, that use any of ``segments``."""
    return _uses(Campaign.objects.in_workspace(workspace), workspace, segments, _("Campaign"))


@register
def targeting_canvases(
    workspace: Workspace, segments: Collection[UUID]
) -> Iterable[tuple[UUID, Use]]:
    return _uses(Canvas.objects.in_workspace(workspace), workspace, segments, _("Canvas"))


def _uses[T: Targeted](
    known: TargetedQuerySet[T], workspace: Workspace, segments: Collection[UUID], kind: Label
) -> Iterator[tuple[UUID, Use]]:
    for targeted in known.active().order_by("name", "pk").prefetch_related("segments"):
        targeted.workspace = workspace
        use = Use(kind, targeted.name, targeted.get_absolute_url())
        for pk in named_by(targeted).intersection(segments):
            yield pk, use


def named_by(targeted: Targeted) -> set[UUID]:
    """Return the ids of all segments that ``targeted`` names."""
    named = {segment.pk for segment in targeted.segments.all()}
    for field in targeted.trees.values():
        with suppress(InvalidTree):  # what names something that is gone
            named |= named_segments(load_tree(getattr(targeted, field)))
    return named


@register_trees
def trees_of_messages(workspace: Workspace) -> Iterable[tuple[Use, dict[str, Any]]]:
    """Give the trees of all campaigns and Canvases, archived ones too: they may come back."""
    campaigns = Campaign.objects.in_workspace(workspace)
    canvases = Canvas.objects.in_workspace(workspace)
    for kind, known in ((_("Campaign"), campaigns), (_("Canvas"), canvases)):
        for targeted in known:
            targeted.workspace = workspace
            use = Use(kind, targeted.name, targeted.get_absolute_url())
            for field in targeted.trees.values():
                yield use, getattr(targeted, field)
