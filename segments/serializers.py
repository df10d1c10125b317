"""What the reading calls of segments are asked, and what they answer."""

from django.utils import translation
from rest_framework import serializers

from rest.queries import SeriesQuery, Success, one_message
from segments.filters.base import InvalidTree
from segments.filters.catalogue import Catalogue
from segments.models import Segment
from segments.trees.tree import load_tree


class SegmentQuery(serializers.Serializer):
    segment_id = serializers.UUIDField(
        help_text="The segment's API identifier.",
        error_messages=one_message("`segment_id` must be the identifier of a segment"),
    )


class SegmentSeriesQuery(SegmentQuery, SeriesQuery):
    """Which segment, and which days."""


class SegmentRow(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    # Of every active segment the size is recorded each day.
    analytics_tracking_enabled = serializers.BooleanField(default=True, read_only=True)
    tags = serializers.ListField(child=serializers.CharField())


class SegmentList(Success):
    segments = SegmentRow(many=True)


class SegmentDetails(Success):
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    name = serializers.CharField()
    description = serializers.SerializerMethodField(help_text="The filters in words.")
    text_description = serializers.CharField(
        source="description", help_text="What somebody wrote about it."
    )
    tags = serializers.ListField(child=serializers.CharField())
    teams = serializers.ListField(
        child=serializers.CharField(), default=list, read_only=True, help_text="There are none."
    )

    def get_description(self, segment: Segment) -> str:
        """Say the filters, or why that cannot be, in English whatever the caller prefers."""
        with translation.override("en"):
            try:
                return load_tree(segment.tree).sentence(Catalogue(segment.workspace))
            except InvalidTree as error:
                return str(error)


class SizeOfDay(serializers.Serializer):
    time = serializers.DateField()
    size = serializers.IntegerField()


class SegmentSeries(Success):
    # The metaclass takes the field away: the property of the same name stays.
    data = SizeOfDay(many=True)  # type: ignore[assignment]
