"""How large segments were from day to day, and how many entered and left."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import DatabaseError, transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from pyroaring import BitMap

from segments.audiences.bitmaps import Moved
from segments.audiences.patience import JOB_TIMEOUT_MS
from segments.audiences.people import People, people_of
from segments.filters.base import InvalidTree
from segments.models import Segment, SegmentSize
from segments.trees.tree import Tree
from workspaces import slots
from workspaces.models import Workspace

#: The newest days of a segment that keep who its members were.
DAYS_WITH_MEMBERS = 2
#: So many bytes of members are held at a time: each takes several times that on its way.
PORTION_BYTES = 4 * 2**20
#: How many days a page may show.
RANGES = (30, 90, 365)


@dataclass(frozen=True)
class Measured:
    """The people of a segment on a day, against the day before it."""

    segment: UUID
    day: date
    members: BitMap
    entered: int
    left: int

    def as_row(self) -> SegmentSize:
        return SegmentSize(
            segment_id=self.segment,
            day=self.day,
            size=len(self.members),
            entered=self.entered,
            left=self.left,
            members=self.members.serialize(),
        )


def ask_to_record(workspace: Workspace, segment: Segment | None = None) -> None:
    """Have a job write today's sizes of ``workspace``, or of one segment of it.

    Once: a job that waits already is enough.
    """
    only = {"segment_id": str(segment.pk)} if segment else {}
    task = app.configure_task(
        "segments.tasks.record_sizes",
        queue=slots.queue("sizes", workspace.pk),
        queueing_lock=f"sizes {segment.pk if segment else workspace.pk}",
        lock=f"sizes {workspace.pk}",
    )
    with suppress(AlreadyEnqueued), transaction.atomic():
        task.defer(workspace_id=workspace.pk, **only)


def record_sizes(workspace: Workspace, only: Collection[UUID] | None = None) -> int:
    """Write today's size of the active segments of ``workspace``; return how many were written.

    Today is a day in the workspace's time zone. Asked again, the day is written anew: its last
    record is what the next day is compared with. ``only`` names the segments to record. A segment
    that cannot be answered is left out. Those of one portion are all from one snapshot: in a
    workspace of a million people, of up to 33 segments.
    """
    day = timezone.localdate(timezone=ZoneInfo(workspace.time_zone))
    segments = Segment.objects.in_workspace(workspace).active()
    if only is not None:
        segments = segments.filter(pk__in=only)
    rest, written = list(segments.values_list("pk", flat=True)), 0
    while rest:
        measured, rest = _measured(workspace, rest, day)
        written += _write(measured)
    return written


@transaction.atomic
def _write(measured: list[Measured]) -> int:
    # Held: one may have been deleted while all were measured.
    held = Segment.objects.select_for_update(no_key=True).order_by("pk")
    there = set(held.filter(pk__in=[m.segment for m in measured]).values_list("pk", flat=True))
    rows = [each.as_row() for each in measured if each.segment in there]
    SegmentSize.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["segment", "day"],
        update_fields=["size", "entered", "left", "members"],
    )
    _forget_members([row.segment_id for row in rows])
    return len(rows)


def _measured(
    workspace: Workspace, segments: list[UUID], day: date
) -> tuple[list[Measured], list[UUID]]:
    """Measure the first portion of ``segments``; return what was found, and the others."""
    measured = []
    with people_of(workspace, timeout_ms=JOB_TIMEOUT_MS) as people:
        many = _in_a_portion(people)
        people.prepare(_trees(people, segments[:many]))
        for pk in segments[:many]:
            # In a savepoint: one that takes too long must not end the snapshot of the others.
            with suppress(InvalidTree, DatabaseError), transaction.atomic():
                now = people.segment(pk)
                before = members_before(pk, day)
                moved = Moved.between(now if before is None else before, now)
                measured.append(Measured(pk, day, now, len(moved.entered), len(moved.left)))
    return measured, segments[many:]


def _in_a_portion(people: People) -> int:
    """Return how many segments to measure at once: a bitmap takes at most a bit a person."""
    everyone = 0
    with suppress(DatabaseError):
        everyone = len(people.everyone())
    return max(PORTION_BYTES // (everyone // 8 + 1), 1)


def _trees(people: People, segments: Collection[UUID]) -> Iterator[Tree]:
    for pk in segments:
        with suppress(InvalidTree):
            yield people.tree(pk)


def members_before(segment: UUID, day: date) -> BitMap | None:
    """Return who was in the segment when it was last recorded before ``day``, if that is kept."""
    kept = SegmentSize.objects.filter(segment=segment, day__lt=day).order_by("-day")
    members = kept.values_list("members", flat=True).first()
    return None if members is None else BitMap.deserialize(bytes(members))


def _forget_members(segments: Collection[UUID]) -> None:
    for pk in segments:
        kept = SegmentSize.objects.filter(segment=pk, members__isnull=False).order_by("-day")
        newest = list(kept.values_list("day", flat=True)[:DAYS_WITH_MEMBERS])
        kept.exclude(day__in=newest).update(members=None)


def daily_sizes(segment: Segment, days: int) -> list[SegmentSize]:
    """Return what was recorded of ``segment`` in the last ``days`` days, the oldest first."""
    since = timezone.localdate() - timedelta(days=days - 1)
    return list(segment.daily_sizes.filter(day__gte=since).defer("members"))


def range_asked(text: str | None) -> int:
    """Return the number of days that was asked for, or the shortest range."""
    return next((days for days in RANGES if str(days) == text), RANGES[0])
