"""Which segments a segment names, that none of them leads back to it, and none too far down."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from segments.models import MOST_NESTED, Segment
from segments.trees.membership import SegmentMembership
from segments.trees.tree import Tree
from segments.trees.uses import Use, uses_of
from workspaces.models import Workspace


def named_segments(tree: Tree) -> set[UUID]:
    """Return the ids of the segments that ``tree`` names; what is no id names none."""
    named: set[UUID] = set()
    for item in tree.filters():
        if isinstance(item, SegmentMembership):
            for pk in item.value:
                with suppress(ValueError):
                    named.add(UUID(str(pk)))
    return named


def affected(workspace: Workspace, segments: Collection[UUID]) -> dict[UUID, list[Use]]:
    """Return what uses each of ``segments``, by itself or through the segments that nest it."""
    links = Segment.nested.through.objects.filter(from_segment__workspace=workspace)
    outer: dict[UUID, list[UUID]] = {}
    for inside, outside in links.values_list("to_segment", "from_segment"):
        outer.setdefault(inside, []).append(outside)
    around = {pk: _reached(pk, outer) for pk in segments}
    found = uses_of(workspace, set().union(*around.values()))
    return {
        pk: _sorted(use for each in reached for use in found[each])
        for pk, reached in around.items()
    }


def _reached(start: UUID, links: Mapping[UUID, list[UUID]]) -> set[UUID]:
    """Return ``start`` and all to which ``links`` lead from it."""
    found, waiting = {start}, [start]
    while waiting:
        new = set(links.get(waiting.pop(), [])) - found
        found |= new
        waiting += new
    return found


def _sorted(uses: Iterable[Use]) -> list[Use]:
    """Return each of ``uses`` once, by kind and name."""
    by_url = {use.url: use for use in uses}
    return sorted(by_url.values(), key=lambda use: (str(use.kind), use.name))


def check_nesting(segment: Segment, tree: Tree) -> None:
    """Raise ``ValidationError`` if ``tree`` would make ``segment`` contain itself, or nest segments
    deeper than ``MOST_NESTED``.
    """
    names = {segment.pk: segment.name}
    links: dict[UUID, list[UUID]] = {}
    known = Segment.objects.in_workspace(segment.workspace).prefetch_related("nested")
    for other in known:
        names.setdefault(other.pk, other.name)
        links[other.pk] = [nested.pk for nested in other.nested.all()]
    links[segment.pk] = list(named_segments(tree))
    path = _way_back(segment.pk, links)
    if path:
        raise ValidationError(
            _("A segment cannot contain itself: %(path)s."),
            code="cycle",
            params={"path": " → ".join(names[pk] for pk in path)},
        )
    if _depth(segment.pk, links) + _depth(segment.pk, _turned(links)) - 1 > MOST_NESTED:
        raise ValidationError(
            _("Segments can be nested %(most)s levels deep; this would be deeper."),
            code="depth",
            params={"most": MOST_NESTED},
        )


def _depth(start: UUID, links: Mapping[UUID, list[UUID]]) -> int:
    """Return how many segments the longest path from ``start`` along ``links`` has.

    It is followed no further than one past ``MOST_NESTED``.
    """
    depth, here = 0, {start}
    while here and depth <= MOST_NESTED:
        depth += 1
        here = {following for pk in here for following in links.get(pk, [])}
    return depth


def _turned(links: Mapping[UUID, list[UUID]]) -> dict[UUID, list[UUID]]:
    outer: dict[UUID, list[UUID]] = {}
    for outside, inside in links.items():
        for pk in inside:
            outer.setdefault(pk, []).append(outside)
    return outer


def _way_back(start: UUID, links: dict[UUID, list[UUID]]) -> list[UUID]:
    """Return a path from ``start`` back to it along ``links``, or nothing."""
    paths = [[start]]
    seen: set[UUID] = set()
    while paths:
        path = paths.pop()
        for following in links.get(path[-1], []):
            if following == start:
                return [*path, start]
            if following not in seen:
                seen.add(following)
                paths.append([*path, following])
    return []
