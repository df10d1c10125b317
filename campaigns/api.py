"""The reading calls of campaigns and Canvases: their lists, one of them, its days."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import serializers
from campaigns.descriptions import campaign_days, campaign_details, canvas_days, canvas_details
from campaigns.models import Campaign, Canvas, Targeted, TargetedQuerySet
from rest.calls import RestCall, cleaned
from rest.queries import days_until, page_of
from rest.schema import EXAMPLE_ID, documented
from workspaces.models import Workspace

ROW = {
    "id": EXAMPLE_ID,
    "last_edited": "2026-06-02T09:30:00Z",
    "name": "Win back",
    "tags": ["trial"],
}
DETAILS = {
    "created_at": "2026-06-01T08:00:00Z",
    "updated_at": "2026-06-02T09:30:00Z",
    "archived": False,
    "draft": True,
    "enabled": False,
    "has_post_launch_draft": False,
    "name": "Win back",
    "description": "",
    "tags": ["trial"],
    "teams": [],
}
NOT_YET = "Nothing is sent yet: what a launch would fill is null, empty or 0."
LISTED = (
    "100 a page, in order of creation. Archived ones are listed only with `include_archived`, and "
    "with `last_edit.time[gt]` only those edited after that time."
)


@documented(
    "List the campaigns",
    LISTED,
    tag="Campaigns",
    request=serializers.TargetedPageQuery,
    answer=serializers.CampaignList,
    answer_means="A page of the list.",
    answer_example={"One campaign": {"campaigns": [ROW | {"is_api_campaign": False}]}},
)
class CampaignList(RestCall):
    permission = "campaigns.list"

    def get(self, request: Request) -> Response:
        asked = cleaned(serializers.TargetedPageQuery, request.query_params.dict())
        found = Campaign.objects.in_workspace(self.workspace)
        return Response(serializers.CampaignList({"campaigns": _page(found, asked)}).data)


@documented(
    "Describe a campaign",
    f"Its message and its state, but not its audience. {NOT_YET}",
    tag="Campaigns",
    request=serializers.CampaignDetailsQuery,
    answer=serializers.CampaignDetails,
    answer_means="The campaign.",
    answer_example={
        "A campaign with a webhook": DETAILS
        | {
            "schedule_type": None,
            "channels": ["webhook"],
            "first_sent": None,
            "last_sent": None,
            "messages": {
                EXAMPLE_ID: {
                    "channel": "webhook",
                    "name": "Variant 1",
                    "url": "https://example.com/win-back",
                    "body": "{}",
                    "type": "application/json",
                    "headers": {"Content-Type": "application/json"},
                    "method": "POST",
                }
            },
            "conversion_behaviors": [],
        }
    },
)
class CampaignDetails(RestCall):
    permission = "campaigns.details"

    def get(self, request: Request) -> Response:
        asked = cleaned(serializers.CampaignDetailsQuery, request.query_params.dict())
        campaign = _campaign(self.workspace, asked["campaign_id"])
        return Response(serializers.CampaignDetails(campaign_details(campaign)).data)


@documented(
    "Tell the daily figures of a campaign",
    f"The days are those of the workspace's time zone. {NOT_YET}",
    tag="Campaigns",
    request=serializers.CampaignSeriesQuery,
    answer=serializers.CampaignSeries,
    answer_means="Figures a day.",
    answer_example={
        "One day": {
            "data": [
                {
                    "time": "2026-06-28",
                    "conversions": 0,
                    "conversions_by_send_time": 0,
                    "revenue": 0.0,
                    "unique_recipients": 0,
                    "messages": {
                        "webhook": [{"variation_api_id": EXAMPLE_ID, "sent": 0, "errors": 0}]
                    },
                }
            ],
        }
    },
)
class CampaignSeries(RestCall):
    permission = "campaigns.data_series"
    limit = "campaign_series"

    def get(self, request: Request) -> Response:
        asked = cleaned(serializers.CampaignSeriesQuery, request.query_params.dict())
        campaign = _campaign(self.workspace, asked["campaign_id"])
        days = days_until(self.workspace, asked["ending_at"], asked["length"])
        return Response(serializers.CampaignSeries({"data": campaign_days(campaign, days)}).data)


@documented(
    "List the Canvases",
    LISTED,
    tag="Canvas",
    request=serializers.TargetedPageQuery,
    answer=serializers.CanvasList,
    answer_means="A page of the list.",
    answer_example={"One Canvas": {"canvases": [ROW]}},
)
class CanvasList(RestCall):
    permission = "canvas.list"

    def get(self, request: Request) -> Response:
        asked = cleaned(serializers.TargetedPageQuery, request.query_params.dict())
        found = Canvas.objects.in_workspace(self.workspace)
        return Response(serializers.CanvasList({"canvases": _page(found, asked)}).data)


@documented(
    "Describe a Canvas",
    f"Its state and how users enter; it has no steps or variants yet. {NOT_YET}",
    tag="Canvas",
    request=serializers.CanvasDetailsQuery,
    answer=serializers.CanvasDetails,
    answer_means="The Canvas.",
    answer_example={
        "A Canvas that users enter by what they do": DETAILS
        | {
            "schedule_type": "action_based",
            "channels": [],
            "first_entry": None,
            "last_entry": None,
            "variants": [],
            "steps": [],
        }
    },
)
class CanvasDetails(RestCall):
    permission = "canvas.details"

    def get(self, request: Request) -> Response:
        asked = cleaned(serializers.CanvasDetailsQuery, request.query_params.dict())
        canvas = _canvas(self.workspace, asked["canvas_id"])
        return Response(serializers.CanvasDetails(canvas_details(canvas)).data)


@documented(
    "Tell the daily figures of a Canvas",
    f"The days are those of the workspace's time zone. {NOT_YET}",
    tag="Canvas",
    request=serializers.CanvasSeriesQuery,
    answer=serializers.CanvasSeries,
    answer_means="Figures a day.",
    answer_example={
        "One day": {
            "data": {
                "name": "Win back",
                "stats": [
                    {
                        "time": "2026-06-28",
                        "total_stats": {
                            "revenue": 0.0,
                            "conversions": 0,
                            "conversions_by_entry_time": 0,
                            "entries": 0,
                        },
                    }
                ],
            },
        }
    },
)
class CanvasSeries(RestCall):
    permission = "canvas.data_series"

    def get(self, request: Request) -> Response:
        asked = cleaned(serializers.CanvasSeriesQuery, request.query_params.dict())
        canvas = _canvas(self.workspace, asked["canvas_id"])
        breakdowns = [name for name in ("variant", "step") if asked[f"include_{name}_breakdown"]]
        days = canvas_days(
            _days_asked(self.workspace, asked), [f"{name}_stats" for name in breakdowns]
        )
        return Response(
            serializers.CanvasSeries({"data": {"name": canvas.name, "stats": days}}).data
        )


def _page[T: Targeted](found: TargetedQuerySet[T], asked: Mapping[str, Any]) -> Any:
    if not asked["include_archived"]:
        found = found.active()
    if "edited_after" in asked:
        found = found.filter(updated_at__gt=asked["edited_after"])
    return page_of(found, asked)


def _campaign(workspace: Workspace, pk: UUID) -> Campaign:
    """Return a campaign of ``workspace``, archived or not, or answer that there is none."""
    campaign = Campaign.objects.in_workspace(workspace).filter(pk=pk).first()
    if campaign is None:
        raise ParseError("Invalid Campaign ID: this workspace has no such campaign")
    return campaign


def _canvas(workspace: Workspace, pk: UUID) -> Canvas:
    """Return a Canvas of ``workspace``, archived or not, or answer that there is none."""
    canvas = Canvas.objects.in_workspace(workspace).filter(pk=pk).first()
    if canvas is None:
        raise ParseError("Invalid Canvas ID: this workspace has no such Canvas")
    return canvas


def _days_asked(workspace: Workspace, asked: Mapping[str, Any]) -> list[date]:
    """Return the days from ``starting_at``, or as many as ``length``, until ``ending_at``."""
    ending_at = asked.get("ending_at") or timezone.now()
    length = asked.get("length") or _days_from(workspace, asked["starting_at"], ending_at)
    return days_until(workspace, ending_at, length)


def _days_from(workspace: Workspace, starting_at: datetime, ending_at: datetime) -> int:
    zone = ZoneInfo(workspace.time_zone)
    days = (timezone.localdate(ending_at, zone) - timezone.localdate(starting_at, zone)).days
    if not 0 <= days <= serializers.LONGEST_OF_CANVAS:
        raise ParseError(
            f"`starting_at` must be at most {serializers.LONGEST_OF_CANVAS} days before `ending_at`"
        )
    return days + 1
