"""The reading calls of segments: their list, one of them, its daily sizes."""

from uuid import UUID

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from rest.calls import REFUSALS, RestCall, cleaned
from rest.queries import PageQuery, days_until, page_of
from segments import serializers as shapes
from segments.models import Segment
from segments.sizes.series import sizes_on
from workspaces.models import Workspace

EXAMPLE = {
    "id": "3bbc4555-8fa0-4c9b-a5c0-4505edf3e064",
    "name": "Trial drop-offs",
    "tags": ["trial"],
}


class SegmentList(RestCall):
    permission = "segments.list"

    @extend_schema(
        operation_id="segments_list",
        summary="List the segments",
        description="100 a page, in order of creation. Archived segments are never listed.",
        tags=["Segments"],
        parameters=[PageQuery],
        request=None,
        responses=REFUSALS | {200: OpenApiResponse(shapes.SegmentList, "A page of the list.")},
        examples=[
            OpenApiExample(
                "One segment",
                response_only=True,
                status_codes=["200"],
                value={
                    "message": "success",
                    "segments": [EXAMPLE | {"analytics_tracking_enabled": True}],
                },
            )
        ],
    )
    def get(self, request: Request) -> Response:
        asked = cleaned(PageQuery, request.query_params.dict())
        found = Segment.objects.in_workspace(self.workspace).active()
        return Response(shapes.SegmentList({"segments": page_of(found, asked)}).data)


class SegmentDetails(RestCall):
    permission = "segments.details"

    @extend_schema(
        operation_id="segments_details",
        summary="Describe a segment",
        description="`description` says its filters in words, `text_description` what was written.",
        tags=["Segments"],
        parameters=[shapes.SegmentQuery],
        request=None,
        responses=REFUSALS | {200: OpenApiResponse(shapes.SegmentDetails, "The segment.")},
        examples=[
            OpenApiExample(
                "A segment",
                response_only=True,
                status_codes=["200"],
                value={
                    "message": "success",
                    "created_at": "2026-06-01T08:00:00Z",
                    "updated_at": "2026-06-02T09:30:00Z",
                    "name": EXAMPLE["name"],
                    "description": "Everyone for whom Country is any of FR",
                    "text_description": "Whom to win back.",
                    "tags": EXAMPLE["tags"],
                    "teams": [],
                },
            )
        ],
    )
    def get(self, request: Request) -> Response:
        asked = cleaned(shapes.SegmentQuery, request.query_params.dict())
        return Response(shapes.SegmentDetails(_segment(self.workspace, asked["segment_id"])).data)


class SegmentSeries(RestCall):
    permission = "segments.data_series"

    @extend_schema(
        operation_id="segments_data_series",
        summary="Tell the daily sizes of a segment",
        description=(
            "The days are those of the workspace's time zone. Today's size is counted now; a day "
            "on which none was recorded is left out."
        ),
        tags=["Segments"],
        parameters=[shapes.SegmentSeriesQuery],
        request=None,
        responses=REFUSALS | {200: OpenApiResponse(shapes.SegmentSeries, "A size for each day.")},
        examples=[
            OpenApiExample(
                "Two days",
                response_only=True,
                status_codes=["200"],
                value={
                    "message": "success",
                    "data": [
                        {"time": "2026-06-27", "size": 1200},
                        {"time": "2026-06-28", "size": 1240},
                    ],
                },
            )
        ],
    )
    def get(self, request: Request) -> Response:
        asked = cleaned(shapes.SegmentSeriesQuery, request.query_params.dict())
        segment = _segment(self.workspace, asked["segment_id"])
        days = days_until(self.workspace, asked["ending_at"], asked["length"])
        data = [{"time": day, "size": size} for day, size in sizes_on(segment, days).items()]
        return Response(shapes.SegmentSeries({"data": data}).data)


def _segment(workspace: Workspace, pk: UUID) -> Segment:
    """Return a segment of ``workspace``, archived or not, or answer that there is none."""
    segment = Segment.objects.in_workspace(workspace).filter(pk=pk).first()
    if segment is None:
        raise ParseError("Invalid Segment ID: this workspace has no such segment")
    segment.workspace = workspace
    return segment
