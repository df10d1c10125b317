"""The reading calls of segments: their list, one of them, its daily sizes."""

from uuid import UUID

from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from rest.calls import RestCall, cleaned
from rest.queries import PageQuery, days_until, page_of
from rest.schema import EXAMPLE_ID, documented
from segments import serializers
from segments.models import Segment
from segments.sizes.series import sizes_on
from workspaces.models import Workspace

EXAMPLE = {
    "id": EXAMPLE_ID,
    "name": "Trial drop-offs",
    "tags": ["trial"],
}


@documented(
    "List the segments",
    "100 a page, in order of creation. Archived segments are never listed.",
    tag="Segments",
    request=PageQuery,
    answer=serializers.SegmentList,
    answer_means="A page of the list.",
    answer_example={
        "One segment": {
            "segments": [EXAMPLE | {"analytics_tracking_enabled": True}],
        }
    },
)
class SegmentList(RestCall):
    permission = "segments.list"

    def get(self, request: Request) -> Response:
        asked = cleaned(PageQuery, request.query_params.dict())
        found = Segment.objects.in_workspace(self.workspace).active()
        return Response(serializers.SegmentList({"segments": page_of(found, asked)}).data)


@documented(
    "Describe a segment",
    "`description` says its filters in words, `text_description` what was written.",
    tag="Segments",
    request=serializers.SegmentQuery,
    answer=serializers.SegmentDetails,
    answer_means="The segment.",
    answer_example={
        "A segment": {
            "created_at": "2026-06-01T08:00:00Z",
            "updated_at": "2026-06-02T09:30:00Z",
            "name": EXAMPLE["name"],
            "description": "Everyone for whom Country is any of FR",
            "text_description": "Whom to win back.",
            "tags": EXAMPLE["tags"],
            "teams": [],
        }
    },
)
class SegmentDetails(RestCall):
    permission = "segments.details"

    def get(self, request: Request) -> Response:
        asked = cleaned(serializers.SegmentQuery, request.query_params.dict())
        return Response(
            serializers.SegmentDetails(_segment(self.workspace, asked["segment_id"])).data
        )


@documented(
    "Tell the daily sizes of a segment",
    "The days are those of the workspace's time zone. Today's size is counted now; a day "
    "on which none was recorded is left out.",
    tag="Segments",
    request=serializers.SegmentSeriesQuery,
    answer=serializers.SegmentSeries,
    answer_means="A size for each day.",
    answer_example={
        "Two days": {
            "data": [
                {"time": "2026-06-27", "size": 1200},
                {"time": "2026-06-28", "size": 1240},
            ],
        }
    },
)
class SegmentSeries(RestCall):
    permission = "segments.data_series"

    def get(self, request: Request) -> Response:
        asked = cleaned(serializers.SegmentSeriesQuery, request.query_params.dict())
        segment = _segment(self.workspace, asked["segment_id"])
        days = days_until(self.workspace, asked["ending_at"], asked["length"])
        data = [{"time": day, "size": size} for day, size in sizes_on(segment, days).items()]
        return Response(serializers.SegmentSeries({"data": data}).data)


def _segment(workspace: Workspace, pk: UUID) -> Segment:
    """Return a segment of ``workspace``, archived or not, or answer that there is none."""
    segment = Segment.objects.in_workspace(workspace).filter(pk=pk).first()
    if segment is None:
        raise ParseError("Invalid Segment ID: this workspace has no such segment")
    segment.workspace = workspace
    return segment
