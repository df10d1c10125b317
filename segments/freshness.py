"""How old the data of a segment is: its last edit, and the last sync of each source it reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from segments.filters import Filter, InvalidTree
from segments.models import Segment
from segments.tree import load_tree


@dataclass(frozen=True)
class Source:
    """A source outside the portal, and when it last sent data; None is never."""

    name: str
    at: datetime | None


@dataclass(frozen=True)
class Freshness:
    sources: list[Source]
    changed_at: datetime


def freshness(segment: Segment) -> Freshness:
    """Return what is known of the age of the data of ``segment``, nested segments included."""
    found = {
        Source(*known)
        for item in _filters(segment, set())
        for known in item.fresh_at(segment.workspace)
    }
    sources = sorted(found, key=lambda source: source.name)
    moments = [source.at for source in sources if source.at]
    return Freshness(sources, max([segment.updated_at, *moments]))


def _filters(segment: Segment, seen: set[Segment]) -> Iterator[Filter]:
    if segment in seen:
        return
    seen.add(segment)
    try:
        yield from load_tree(segment.tree).filters()
    except InvalidTree:  # the page says so beside the filters
        return
    for nested in segment.nested.all():
        yield from _filters(nested, seen)
