"""What the REST API tells of a campaign and of a Canvas, and of their messages day by day.

Nothing is sent yet, so what a launch would fill is null, empty or 0, and all are drafts.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from campaigns.models import Campaign, Canvas, EntryType, Targeted

#: How Braze calls the ways to enter.
SCHEDULE_TYPES: dict[str, str] = {
    EntryType.SCHEDULED: "time_based",
    EntryType.ACTION: "action_based",
    EntryType.API: "api_triggered",
}
#: A campaign has one message, known by the identifier of the campaign itself.
VARIATION_NAME = "Variant 1"


def campaign_details(campaign: Campaign) -> dict[str, Any]:
    message = {"channel": campaign.channel, "name": VARIATION_NAME}
    message |= campaign.via.details(campaign.message, title=campaign.name)
    return _details(campaign) | {
        "schedule_type": None,
        "channels": [campaign.channel],
        "first_sent": None,
        "last_sent": None,
        "messages": {str(campaign.pk): message},
        "conversion_behaviors": [],
    }


def canvas_details(canvas: Canvas) -> dict[str, Any]:
    return _details(canvas) | {
        "schedule_type": SCHEDULE_TYPES[canvas.entry["type"]] if canvas.entry else None,
        "channels": [],
        "first_entry": None,
        "last_entry": None,
        "variants": [],
        "steps": [],
    }


def campaign_days(campaign: Campaign, days: Iterable[date]) -> list[dict[str, Any]]:
    figures = dict.fromkeys(campaign.via.figures, 0)
    variation = {"variation_api_id": str(campaign.pk)} | figures
    totals = {
        "conversions": 0,
        "conversions_by_send_time": 0,
        "revenue": 0.0,
        "unique_recipients": 0,
    }
    return [{"time": day, **totals, "messages": {campaign.channel: [variation]}} for day in days]


def canvas_days(days: Iterable[date], breakdowns: Iterable[str]) -> list[dict[str, Any]]:
    """Return the figures of a Canvas on each of ``days``.

    ``breakdowns`` names those asked for, ``variant_stats`` and ``step_stats``: a Canvas has neither
    variants nor steps yet.
    """
    totals = {"revenue": 0.0, "conversions": 0, "conversions_by_entry_time": 0, "entries": 0}
    empty: dict[str, Any] = {name: {} for name in breakdowns}
    return [{"time": day, "total_stats": totals, **empty} for day in days]


def _details(targeted: Targeted) -> dict[str, Any]:
    return {
        "created_at": targeted.created_at,
        "updated_at": targeted.updated_at,
        "archived": targeted.archived_at is not None,
        "draft": True,
        "enabled": False,
        "has_post_launch_draft": False,
        "name": targeted.name,
        "description": targeted.description,
        "tags": targeted.tags,
        "teams": [],
    }
