"""The figures of a workspace that can be had of the people of one segment alone."""

from typing import Any

from django.db import DatabaseError
from pyroaring import BitMap
from rest_framework import serializers
from rest_framework.exceptions import ParseError

from profiles.analytics import series
from profiles.analytics.api import Series, documented_series
from profiles.analytics.serializers import NameField, UnitsQuery
from profiles.analytics.series import Units, Wanted
from profiles.models import EventKind
from rest.queries import one_message
from segments.audiences.people import people_of
from segments.filters.base import InvalidTree
from segments.models import Segment
from workspaces.models import Workspace


class SegmentUnitsQuery(UnitsQuery):
    """So many days or hours, of everyone or of those who are in a segment now."""

    segment_id = serializers.UUIDField(
        default=None,
        help_text="By default everyone.",
        error_messages=one_message("`segment_id` must be the identifier of a segment"),
    )


class EventsQuery(SegmentUnitsQuery):
    """So many days or hours of a custom event."""

    event = NameField("event", help_text="The name of the custom event.")


@documented_series(
    "Export custom event analytics", "How often an event happened in each day or hour."
)
class EventSeries(Series):
    permission = "events.data_series"
    serializer = EventsQuery
    figure = "count"

    def count(self, units: Units, wanted: dict[str, Any]) -> list[int]:
        people = people_in(self.workspace, wanted["segment_id"])
        events = Wanted(EventKind.CUSTOM, wanted["event"], wanted["app_id"], people)
        return series.count_events(self.workspace, units, events)


@documented_series("Export app sessions", "Sessions in each day or hour.")
class SessionSeries(Series):
    permission = "sessions.data_series"
    serializer = SegmentUnitsQuery
    figure = "sessions"

    def count(self, units: Units, wanted: dict[str, Any]) -> list[int]:
        people = people_in(self.workspace, wanted["segment_id"])
        sessions = Wanted(EventKind.SESSION, app=wanted["app_id"], people=people)
        return series.count_events(self.workspace, units, sessions)


def people_in(workspace: Workspace, segment_id: Any) -> BitMap | None:
    """Return who is in a segment of ``workspace``, or None if no segment was asked for.

    Raises ``ParseError``, answered as 400, where there is none or it cannot be evaluated.
    """
    if segment_id is None:
        return None
    if not Segment.objects.in_workspace(workspace).filter(pk=segment_id).exists():
        raise ParseError("Invalid Segment ID: this workspace has no such segment")
    try:
        with people_of(workspace) as people:
            return people.segment(segment_id)
    except InvalidTree as error:
        raise ParseError(f"Invalid Segment ID: {error}") from error
    except DatabaseError as error:
        raise ParseError("Invalid Segment ID: its filters take too long") from error
