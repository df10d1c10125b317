"""A page of the list of segments, with sizes and uses."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Prefetch

from segments.audiences.estimates import Size
from segments.audiences.pending import Pending
from segments.audiences.people import sizes
from segments.models import Segment, SegmentQuerySet
from segments.trees.nesting import affected
from workspaces.models import Workspace

PER_PAGE = 25


@dataclass(frozen=True)
class Listed:
    """One page of segments, the size of everyone, and what sizes that are not exact wait for."""

    page: Page
    everyone: Size | None
    pending: Pending


def shown_of(workspace: Workspace) -> SegmentQuerySet:
    """Return all segments of ``workspace`` with what a row says of them."""
    archived = Prefetch("nested", Segment.objects.archived(), to_attr="archived_inside")
    known = Segment.objects.in_workspace(workspace)
    return known.select_related("updated_by").prefetch_related(archived)


def listed(
    workspace: Workspace, found: Iterable[Segment], *, sort: str, number: str | None
) -> Listed:
    """Return page ``number`` of ``found``, put in order by size if ``sort`` says so.

    What cannot be answered has no size and comes below the smallest.
    """
    rows: list[Any] = list(found)
    by_size = sort.endswith("size")
    page = Paginator(rows, PER_PAGE).get_page(number)
    known, everyone, builds = sizes(workspace, rows if by_size else page)
    if by_size:
        counts = {pk: size.count for pk, size in known.items() if size}
        rows.sort(key=lambda row: counts.get(row.pk, -1), reverse=sort.startswith("-"))
        page = Paginator(rows, PER_PAGE).get_page(number)
    uses = affected(workspace, [row.pk for row in page])
    for row in page:
        row.workspace, row.size, row.uses = workspace, known.get(row.pk), uses[row.pk]
    return Listed(page, everyone, Pending(builds))
