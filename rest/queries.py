"""The parameters of the reading calls of the REST API: a page of a list, a series of days."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Model, QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lib.calendar import is_taken
from workspaces.models import Workspace

PER_PAGE = 100
#: The last page of a list that may be asked for. PostgreSQL cannot count much further.
LAST_PAGE = 1_000_000
LONGEST_DAYS = 100
#: An offset after the minutes or seconds. Braze's examples have one digit (``-5:00``), some clients
#: no colon, and a plus that was not encoded arrives as a space.
OFFSET = re.compile(r"(?<=:\d\d) ?([+ -])(\d\d?):?(\d\d)$", re.ASCII)


def one_message(text: str) -> dict[str, Any]:
    """Return the error messages of a field that answers ``text`` to every fault."""
    wrongs = ["required", "null", "blank", "invalid", "invalid_choice"]
    return dict.fromkeys([*wrongs, "min_value", "max_value", "max_string_length"], text)


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentField(serializers.Field):
    """A time in ISO-8601 as clients write it in an address; UTC where no offset is named."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "`{name}` must be a time in ISO-8601, such as 2026-06-28T23:59:59-05:00"
    }

    def to_internal_value(self, data: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(OFFSET.sub(_offset, str(data)))
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            moment = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("invalid", name=self.field_name)
        if not is_taken(moment):
            self.fail("invalid", name=self.field_name)
        return moment


class PageQuery(serializers.Serializer):
    """A page of a list in order of creation."""

    page = serializers.IntegerField(
        default=0,
        min_value=0,
        max_value=LAST_PAGE,
        help_text="From 0; a page has 100.",
        error_messages=one_message(f"`page` must be a number from 0 to {LAST_PAGE}"),
    )
    sort_direction = serializers.ChoiceField(
        ["asc", "desc"],
        default="asc",
        help_text="By time of creation: the oldest first, or the newest.",
        error_messages=one_message("`sort_direction` must be `asc` or `desc`"),
    )


class SeriesQuery(serializers.Serializer):
    """``length`` days, the last of them that of ``ending_at``."""

    length = serializers.IntegerField(
        min_value=1,
        max_value=LONGEST_DAYS,
        help_text="Days.",
        error_messages=one_message(f"`length` must be a number from 1 to {LONGEST_DAYS}"),
    )
    ending_at = MomentField(default=timezone.now, help_text="By default now.")


class Success(serializers.Serializer):
    """What every answer of a read begins with."""

    message = serializers.SerializerMethodField()

    def get_message(self, answer: Any) -> str:
        return "success"


def page_of[M: Model](found: QuerySet[M], asked: Mapping[str, Any]) -> QuerySet[M]:
    """Return the page of ``found`` that a cleaned ``PageQuery`` asks for."""
    sign = "-" if asked["sort_direction"] == "desc" else ""
    first = asked["page"] * PER_PAGE
    return found.order_by(f"{sign}created_at", f"{sign}pk")[first : first + PER_PAGE]


def days_until(workspace: Workspace, ending_at: datetime, length: int) -> list[date]:
    """Return ``length`` days of the workspace's time zone, oldest first, without future ones."""
    zone = ZoneInfo(workspace.time_zone)
    last, today = timezone.localdate(ending_at, zone), timezone.localdate(timezone=zone)
    days = (date.fromordinal(last.toordinal() - back) for back in range(length - 1, -1, -1))
    return [day for day in days if day <= today]


def _offset(found: re.Match[str]) -> str:
    sign = "-" if found[1] == "-" else "+"
    return f"{sign}{found[2]:0>2}:{found[3]}"
