"""The figures of a workspace: what happened by the day or the hour, and what can be asked about.

Those of ``/events/data_series`` and ``/sessions/data_series``, which a segment may narrow down, are
in ``segments.event_series_api``.
"""

from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import quote

from drf_spectacular.utils import OpenApiParameter
from rest_framework.fields import FloatField, IntegerField
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from lib.request_addresses import rest_endpoint
from profiles.analytics import serializers, series
from profiles.analytics.series import MONTH, Units, Wanted
from profiles.attributes import ARRAY_LENGTH
from profiles.models import AttributeType, CustomAttribute, EventKind, EventName
from rest.calls import RestCall, cleaned
from rest.schema import documented

NAMES_PER_PAGE = 250
ATTRIBUTES_PER_PAGE = 50
TAG = "Analytics"
LINK = OpenApiParameter(
    "Link", str, OpenApiParameter.HEADER, response=[200], description="The next page."
)


class Series(RestCall):
    """A call that gives one figure for each day or hour: ``figure`` is what it is called."""

    serializer: ClassVar[type[Serializer]] = serializers.FiguresQuery
    figure: ClassVar[str]

    def get(self, request: Request) -> Response:
        wanted = cleaned(self.serializer, request.query_params.dict())
        make = series.hours if wanted.get("unit") == "hour" else series.days
        units = make(self.workspace, wanted["length"], wanted["ending_at"])
        points = zip(units.names, self.count(units, wanted), strict=True)
        data = [{"time": name, self.figure: value} for name, value in points]
        return Response({"message": "success", "data": data})

    def count(self, units: Units, wanted: dict[str, Any]) -> list[Any]:
        """Return the figure of each of ``units``."""
        raise NotImplementedError


def documented_series[Call: type[Series]](
    summary: str, description: str, figure: int | float = 12
) -> Callable[[Call], Call]:
    """Describe a series: a decorator. Its example is an answer of one day, with ``figure``."""

    def document(call: Call) -> Call:
        kind = FloatField if isinstance(figure, float) else IntegerField
        return documented(
            summary,
            description,
            tag=TAG,
            request=call.serializer,
            answer=serializers.series_schema(call.figure, kind),
            answer_example={"Success": {"data": [{"time": "2026-02-15", call.figure: figure}]}},
        )(call)

    return document


@documented_series(
    "Export daily new users", "Whose profile came on each day; of an app, who first used it."
)
class NewUsers(Series):
    permission = "kpi.new_users.data_series"
    figure = "new_users"

    def count(self, units: Units, wanted: dict[str, Any]) -> list[int]:
        return series.count_new_people(self.workspace, units, wanted["app_id"])


@documented_series("Export daily active users", "Users with a session on each day.")
class DailyActive(Series):
    permission = "kpi.dau.data_series"
    figure = "dau"

    def count(self, units: Units, wanted: dict[str, Any]) -> list[int]:
        return series.count_active(self.workspace, units, wanted["app_id"])


@documented_series(
    "Export monthly active users", "Users with a session in the 30 days up to each day."
)
class MonthlyActive(Series):
    permission = "kpi.mau.data_series"
    figure = "mau"

    def count(self, units: Units, wanted: dict[str, Any]) -> list[int]:
        return series.count_active(self.workspace, units, wanted["app_id"], trailing=MONTH)


def purchases(wanted: dict[str, Any]) -> Wanted:
    return Wanted(EventKind.PURCHASE, wanted["product"], wanted["app_id"])


@documented_series(
    "Export number of purchases",
    "Purchases in each day or hour; several pieces at once are as many purchases.",
)
class PurchaseQuantity(Series):
    permission = "purchases.quantity_series"
    limit = "names"
    serializer = serializers.PurchasesQuery
    figure = "purchase_quantity"

    def count(self, units: Units, wanted: dict[str, Any]) -> list[int]:
        return series.count_events(self.workspace, units, purchases(wanted))


@documented_series("Export revenue", "Money spent in each day or hour, in US dollars.", 99.5)
class Revenue(Series):
    permission = "purchases.revenue_series"
    limit = "names"
    serializer = serializers.PurchasesQuery
    figure = "revenue"

    def count(self, units: Units, wanted: dict[str, Any]) -> list[float]:
        return series.sum_revenue(self.workspace, units, purchases(wanted))


class Names(RestCall):
    """A call that lists names that the workspace has seen, ``NAMES_PER_PAGE`` a page."""

    limit = "names"
    kind: ClassVar[EventKind]
    listed: ClassVar[str]

    def get(self, request: Request) -> Response:
        """Answer with the page that the caller asks for; past the last one there is nothing."""
        start = (
            cleaned(serializers.NamesQuery, request.query_params.dict())["page"] * NAMES_PER_PAGE
        )
        known = EventName.objects.filter(workspace=self.workspace, kind=self.kind).order_by("name")
        names = list(known.values_list("name", flat=True)[start : start + NAMES_PER_PAGE])
        return Response({"message": "success", self.listed: names})


@documented(
    "List custom events",
    "The names of all custom events, by name, 250 a page.",
    tag=TAG,
    request=serializers.NamesQuery,
    answer=serializers.EventNames,
    answer_example={"Success": {"events": ["Searched", "Signed up"]}},
)
class EventList(Names):
    permission = "events.list"
    kind = EventKind.CUSTOM
    listed = "events"


@documented(
    "List product IDs",
    "The names of all products that were bought, by name, 250 a page.",
    tag=TAG,
    request=serializers.NamesQuery,
    answer=serializers.ProductNames,
    answer_example={"Success": {"products": ["Pro monthly", "Training"]}},
)
class ProductList(Names):
    permission = "purchases.product_list"
    kind = EventKind.PURCHASE
    listed = "products"


@documented(
    "List custom attributes",
    "By name, 50 a page. The `Link` header has the address of the next page.",
    tag=TAG,
    request=serializers.CursorQuery,
    parameters=[LINK],
    answer=serializers.CustomAttributeRows,
    answer_example={
        "Success": {
            "attributes": [
                {
                    "array_length": None,
                    "data_type": "String",
                    "description": "",
                    "name": "plan",
                    "status": "Active",
                    "tag_names": [],
                }
            ]
        }
    },
)
class CustomAttributes(RestCall):
    permission = "custom_attributes.get"
    limit = "names"

    def get(self, request: Request) -> Response:
        after = cleaned(serializers.CursorQuery, request.query_params.dict())["cursor"]
        known = CustomAttribute.objects.filter(workspace=self.workspace, name__gt=after)
        page = list(known.order_by("name")[: ATTRIBUTES_PER_PAGE + 1])
        shown = page[:ATTRIBUTES_PER_PAGE]
        response = Response({"message": "success", "attributes": [*map(_attribute, shown)]})
        if len(page) > len(shown):
            cursor = serializers.cursor_after(shown[-1].name)
            following = f"{rest_endpoint(request)}{request.path}?cursor={quote(cursor)}"
            response.headers["Link"] = f'<{following}>; rel="next"'
        return response


def _attribute(attribute: CustomAttribute) -> dict[str, Any]:
    is_array = attribute.type == AttributeType.ARRAY
    return {
        "array_length": ARRAY_LENGTH if is_array else None,
        # In English whatever the caller's language.
        "data_type": attribute.type.capitalize(),
        "description": "",
        "name": attribute.name,
        "status": "Active",
        "tag_names": [],
    }
