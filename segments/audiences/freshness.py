"""How old the data of a segment is: its last edit or change, and the last sync of each source."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from profiles import clock
from segments.audiences.leaves import traces_since
from segments.filters.base import Filter, InvalidTree, Query, Since
from segments.filters.everyone import EVERYONE
from segments.models import Segment
from segments.trees.tree import load_tree
from workspaces.models import Workspace


@dataclass(frozen=True)
class Source:
    """A source outside the portal, and when it last sent data; None is never."""

    name: str
    at: datetime | None


@dataclass(frozen=True)
class Freshness:
    """``changed_since`` is a moment after which something that the segment reads was written, as
    late as is known; ``unchanged_since`` one after which nothing was.
    """

    sources: list[Source]
    edited_at: datetime
    changed_since: datetime | None
    unchanged_since: datetime | None


def freshness(segment: Segment) -> Freshness:
    """Return what is known of the age of the data of ``segment``, nested segments included."""
    segments = list(_with_nested(segment, set()))
    filters = [item for each in segments for item in _filters(each)]
    workspace = segment.workspace
    found = {Source(*known) for item in filters for known in item.fresh_at(workspace)}
    edited_at = max(each.updated_at for each in segments)
    sources = sorted(found, key=lambda source: source.name)
    return Freshness(sources, edited_at, *_last_change(workspace, filters))


def _last_change(
    workspace: Workspace, filters: list[Filter]
) -> tuple[datetime | None, datetime | None]:
    """Find the newest step of the clock since which a row was written that ``filters`` read."""
    unchanged = None
    for at, over in clock.steps():
        queries = {
            repr(query): query for query in _changes(workspace, filters or [EVERYONE], Since(over))
        }
        if _any_row(list(queries.values())):
            return at, unchanged
        unchanged = at
    return None, unchanged


def _changes(workspace: Workspace, filters: list[Filter], since: Since) -> Iterator[Query]:
    yield traces_since(workspace, since)
    for item in filters:
        yield item.changed_since(workspace, since)


def _any_row(queries: list[Query]) -> bool:
    # By the index of marks: the first row found is the answer.
    found = " or ".join(f"exists ({query.sql})" for query in queries)
    params = [value for query in queries for value in query.params]
    with connection.cursor() as cursor:
        cursor.execute(f"select {found}", params)  # noqa: S608
        return bool(cursor.fetchone()[0])


def _with_nested(segment: Segment, seen: set[Segment]) -> Iterator[Segment]:
    if segment not in seen:
        seen.add(segment)
        yield segment
        for nested in segment.nested.all():
            yield from _with_nested(nested, seen)


def _filters(segment: Segment) -> Iterator[Filter]:
    try:
        yield from load_tree(segment.tree).filters()
    except InvalidTree:  # the page says so beside the filters
        return
