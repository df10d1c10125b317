"""Which segments a segment names, and that none of them leads back to it."""

from contextlib import suppress
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from segments.models import Segment
from segments.segment_filters import SegmentMembership
from segments.tree import Tree


def named_segments(tree: Tree) -> set[UUID]:
    """Return the ids of the segments that ``tree`` names; what is no id names none."""
    named: set[UUID] = set()
    for item in tree.filters():
        if isinstance(item, SegmentMembership):
            for pk in item.value:
                with suppress(ValueError):
                    named.add(UUID(str(pk)))
    return named


def nesting(segment: Segment) -> set[UUID]:
    """Return the ids of the segments that nest ``segment``, however deep."""
    links = Segment.nested.through.objects.filter(from_segment__workspace=segment.workspace_id)
    outer: dict[UUID, list[UUID]] = {}
    for inside, outside in links.values_list("to_segment", "from_segment"):
        outer.setdefault(inside, []).append(outside)
    found: set[UUID] = set()
    waiting = [segment.pk]
    while waiting:
        new = set(outer.get(waiting.pop(), [])) - found
        found |= new
        waiting += new
    return found


def refuse_cycle(segment: Segment, tree: Tree) -> None:
    """Raise ``ValidationError`` if ``tree`` would make ``segment`` contain itself."""
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
