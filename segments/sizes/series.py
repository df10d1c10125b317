"""The daily sizes of a segment as the REST API tells them."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from zoneinfo import ZoneInfo

from django.db import DatabaseError
from django.utils import timezone

from segments.audiences.people import people_of
from segments.filters.base import InvalidTree
from segments.models import Segment


def sizes_on(segment: Segment, days: Sequence[date]) -> dict[date, int]:
    """Return the size of ``segment`` on each of ``days``, oldest first.

    Today's is counted now, exactly. A day on which nothing was recorded is left out.
    """
    recorded = segment.daily_sizes.filter(day__in=days).order_by("day")
    sizes = dict(recorded.values_list("day", "size"))
    today = timezone.localdate(timezone=ZoneInfo(segment.workspace.time_zone))
    if today in days:
        # What cannot be answered keeps the size that was last recorded today.
        with suppress(InvalidTree, DatabaseError), people_of(segment.workspace) as people:
            sizes[today] = len(people.segment(segment.pk))
    return sizes
