"""Figures by the day and the hour, and the lists of names that one can ask about."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from profiles.events import NewEvent, record_events
from profiles.models import Event, EventKind, EventName, Profile
from tests.worlds.factories import ProfileFactory, SegmentFactory, WorkspaceFactory
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import Workspace

CUSTOM, PURCHASE, SESSION = EventKind.CUSTOM, EventKind.PURCHASE, EventKind.SESSION
#: The last instant of the series that are asked for.
ENDING = datetime(2026, 2, 15, 23, 59, 59, tzinfo=UTC)
SERIES = {
    "/events/data_series": "count",
    "/purchases/quantity_series": "purchase_quantity",
    "/purchases/revenue_series": "revenue",
    "/sessions/data_series": "sessions",
    "/kpi/new_users/data_series": "new_users",
    "/kpi/dau/data_series": "dau",
    "/kpi/mau/data_series": "mau",
}


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace)


@pytest.fixture
def person(workspace: Workspace) -> Profile:
    return ProfileFactory(workspace=workspace, country="FR")


def at(day: int, hour: int = 12, month: int = 2, **fields: int) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC, **fields)


def did(person: Profile, kind: EventKind, name: str, *times: datetime, **fields: Any) -> None:
    app = fields.pop("app_id", "")
    record_events(person.workspace, [NewEvent(person.pk, kind, name, t, **fields) for t in times])
    if app:
        Event.objects.filter(profile=person, name=name, time__in=times).update(app_id=app)


def points(caller: RestCaller, path: str, **query: Any) -> dict[str, Any]:
    query = {"length": 3, "ending_at": ENDING.isoformat()} | query
    answer = caller.get(path, query)
    assert (answer.status_code, answer.json()["message"]) == (200, "success")
    return {point["time"]: point[SERIES[path]] for point in answer.json()["data"]}


def refused(caller: RestCaller, path: str, **query: Any) -> str:
    answer = caller.get(path, query)
    assert answer.status_code == 400
    return answer.json()["message"]


# What is counted


def test_an_event_is_counted_by_day(caller: RestCaller, person: Profile) -> None:
    did(person, CUSTOM, "Signed up", at(12), at(13, 0), at(13, 23), at(15), at(16))
    did(person, CUSTOM, "Other", at(13))
    did(person, SESSION, "Signed up", at(13))
    assert points(caller, "/events/data_series", event="Signed up") == {
        "2026-02-13": 2,
        "2026-02-14": 0,
        "2026-02-15": 1,
    }


def test_an_event_is_counted_by_hour(caller: RestCaller, person: Profile) -> None:
    did(person, CUSTOM, "Signed up", at(15, 21), at(15, 21, minute=59), at(15, 23))
    assert points(caller, "/events/data_series", event="Signed up", unit="hour") == {
        "2026-02-15T21:00:00+00:00": 2,
        "2026-02-15T22:00:00+00:00": 0,
        "2026-02-15T23:00:00+00:00": 1,
    }


def test_days_are_those_of_the_workspace(caller: RestCaller, person: Profile) -> None:
    Workspace.objects.update(time_zone="America/New_York")
    did(person, CUSTOM, "Signed up", at(15, 4), at(15, 5), at(16, 4))
    assert points(caller, "/events/data_series", event="Signed up", length=2) == {
        "2026-02-14": 1,
        "2026-02-15": 2,
    }


def test_the_day_that_the_clock_is_put_forward_has_23_hours(
    caller: RestCaller, person: Profile
) -> None:
    Workspace.objects.update(time_zone="Europe/Paris")
    did(person, CUSTOM, "Signed up", at(29, 0, month=3), at(29, 1, month=3))
    query = {"event": "Signed up", "ending_at": "2026-03-29T03:30:00+02:00"}
    assert points(caller, "/events/data_series", **query, length=1) == {"2026-03-29": 2}
    assert points(caller, "/events/data_series", **query, unit="hour") == {
        "2026-03-29T00:00:00+01:00": 0,
        "2026-03-29T01:00:00+01:00": 1,
        "2026-03-29T03:00:00+02:00": 1,
    }


def test_an_app_narrows_down(caller: RestCaller, person: Profile) -> None:
    did(person, CUSTOM, "Signed up", at(15, 1), app_id="web")
    did(person, CUSTOM, "Signed up", at(15, 2))
    did(person, SESSION, "web", at(15))
    did(person, SESSION, "ios", at(15), at(15, 13))
    query = {"event": "Signed up", "app_id": "web", "length": 1}
    assert points(caller, "/events/data_series", **query) == {"2026-02-15": 1}
    for app, sessions in (("web", 1), ("ios", 2), ("tv", 0)):
        query = {"app_id": app, "length": 1}
        assert points(caller, "/sessions/data_series", **query) == {"2026-02-15": sessions}
    assert points(caller, "/sessions/data_series", length=1) == {"2026-02-15": 3}


def test_a_segment_narrows_down(caller: RestCaller, person: Profile) -> None:
    french = [{"filter": "country", "operator": "any_of", "value": ["FR"]}]
    segment = SegmentFactory(workspace=caller.workspace, tree={"groups": [{"filters": french}]})
    for who, times in ((person, 2), (ProfileFactory(workspace=caller.workspace), 3)):
        did(who, CUSTOM, "Signed up", *[at(15)] * times)
        did(who, SESSION, "web", *[at(15)] * times)
    query = {"segment_id": segment.pk, "length": 1}
    assert points(caller, "/events/data_series", event="Signed up", **query) == {"2026-02-15": 2}
    assert points(caller, "/sessions/data_series", **query) == {"2026-02-15": 2}


def test_purchases_and_revenue(caller: RestCaller, person: Profile) -> None:
    did(person, PURCHASE, "Pro", at(15), at(15, 13), amount=Decimal("9.99"))
    did(person, PURCHASE, "Basic", at(14), amount=Decimal(1))
    did(person, PURCHASE, "Basic", at(15, 3), amount=Decimal(1), properties={"quantity": 7})
    quantity, revenue = "/purchases/quantity_series", "/purchases/revenue_series"
    assert points(caller, quantity, length=2) == {"2026-02-14": 1, "2026-02-15": 3}
    assert points(caller, revenue, length=2) == {"2026-02-14": 1.0, "2026-02-15": 20.98}
    assert points(caller, revenue, length=1, product="Pro") == {"2026-02-15": 19.98}
    assert points(caller, quantity, length=1, product="Pro") == {"2026-02-15": 2}
    assert points(caller, quantity, length=1, app_id="web") == {"2026-02-15": 0}


def test_new_users_by_the_day_they_came(caller: RestCaller, person: Profile) -> None:
    for day in (13, 15, 15, 16):
        Profile.objects.filter(pk=ProfileFactory(workspace=caller.workspace).pk).update(
            created_at=at(day)
        )
    path = "/kpi/new_users/data_series"
    assert points(caller, path) == {"2026-02-13": 1, "2026-02-14": 0, "2026-02-15": 2}
    did(person, SESSION, "web", at(14), at(15))
    expected = {"2026-02-13": 0, "2026-02-14": 1, "2026-02-15": 0}
    assert points(caller, path, app_id="web") == expected


def test_daily_active_users_count_once_a_day(caller: RestCaller, person: Profile) -> None:
    other = ProfileFactory(workspace=caller.workspace)
    did(person, SESSION, "web", at(14), at(15), at(15, 13))
    did(person, SESSION, "ios", at(15))
    did(other, SESSION, "ios", at(15))
    did(other, CUSTOM, "Signed up", at(13))
    path = "/kpi/dau/data_series"
    assert points(caller, path) == {"2026-02-13": 0, "2026-02-14": 1, "2026-02-15": 2}
    assert points(caller, path, app_id="web", length=1) == {"2026-02-15": 1}


def test_monthly_active_users_are_those_of_the_last_30_days(
    caller: RestCaller, person: Profile
) -> None:
    other = ProfileFactory(workspace=caller.workspace)
    did(person, SESSION, "web", at(16, month=1), at(14))
    did(other, SESSION, "ios", at(15, month=1))
    path = "/kpi/mau/data_series"
    assert points(caller, path) == {"2026-02-13": 2, "2026-02-14": 1, "2026-02-15": 1}
    assert points(caller, path, ending_at="2026-02-12T00:00:00Z", length=1) == {"2026-02-12": 2}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("path", "trailing"), [("/kpi/dau/data_series", 1), ("/kpi/mau/data_series", 30)]
)
def test_active_users_are_what_a_plain_count_gives(
    caller: RestCaller, path: str, trailing: int, seed: int
) -> None:
    chance = random.Random(seed)
    active: dict[int, set[int]] = defaultdict(set)
    for n in range(4):
        someone = ProfileFactory(workspace=caller.workspace)
        backs = [chance.randrange(100) for _ in range(8)]
        did(someone, SESSION, "web", *[ENDING - timedelta(days=back) for back in backs])
        for back in backs:
            active[back].add(n)
    counted = [
        len(set().union(*(active[day + back] for back in range(trailing))))
        for day in range(59, -1, -1)
    ]
    assert [*points(caller, path, length=60).values()] == counted


@pytest.mark.parametrize("path", SERIES)
def test_another_workspace_is_not_counted(caller: RestCaller, path: str) -> None:
    stranger = ProfileFactory()
    Profile.objects.update(created_at=at(15))
    for kind in EventKind:
        did(stranger, kind, "Signed up", at(15), amount=Decimal(1))
    assert points(caller, path, event="Signed up", length=1) == {"2026-02-15": 0}


# How long a series is


@pytest.mark.parametrize("path", SERIES)
def test_a_series_ends_now_unless_told_otherwise(caller: RestCaller, path: str) -> None:
    answer = caller.get(path, {"event": "Signed up", "length": "100"})
    times = [point["time"] for point in answer.json()["data"]]
    assert (len(times), times[-1]) == (100, timezone.now().date().isoformat())


@pytest.mark.parametrize("unit", ["day", "hour"])
def test_what_is_yet_to_come_is_left_out(caller: RestCaller, unit: str) -> None:
    query = {"event": "Signed up", "length": 5, "unit": unit}
    soon = timezone.now() + timedelta(**{f"{unit}s": 2})
    assert len(points(caller, "/events/data_series", **query, ending_at=soon.isoformat())) == 3
    late = timezone.now() + timedelta(days=400)
    assert points(caller, "/events/data_series", **query, ending_at=late.isoformat()) == {}
    assert points(caller, "/kpi/mau/data_series", length=5, ending_at=late.isoformat()) == {}


@pytest.mark.parametrize(
    "ending_at",
    [
        "2026-02-15T23:59:59-5:00",
        "2026-02-15T23:59:59-05:00",
        "2026-02-15T23:59:59 05:00",
        "2026-02-15T23:59:59Z",
        "2026-02-15",
    ],
)
def test_the_spellings_of_a_time(caller: RestCaller, ending_at: str) -> None:
    Workspace.objects.update(time_zone=str(ZoneInfo("America/New_York")))
    last = [*points(caller, "/kpi/dau/data_series", ending_at=ending_at)][-1]
    assert last == ("2026-02-14" if ending_at == "2026-02-15" else "2026-02-15")


@pytest.mark.parametrize("path", SERIES)
@pytest.mark.parametrize("length", ["", "0", "101", "-1", "1.5", "x", "9" * 5000, None])
def test_a_length_is_from_1_to_100(caller: RestCaller, path: str, length: str | None) -> None:
    query = {"event": "Signed up"} | ({} if length is None else {"length": length})
    assert refused(caller, path, **query) == "`length` must be a number from 1 to 100"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"unit": "week"}, "`unit` must be day or hour"),
        (
            {"ending_at": "soon"},
            "`ending_at` must be a time in ISO-8601, such as 2026-06-28T23:59:59-05:00",
        ),
        ({"event": ""}, "`event` must be a string of 1 to 255 characters"),
        ({"event": "x" * 256}, "`event` must be a string of 1 to 255 characters"),
        ({"event": "a\0"}, "`event` must be a string of 1 to 255 characters"),
        ({"app_id": "\0"}, "`app_id` must be a string of 1 to 255 characters"),
        ({"segment_id": "x"}, "`segment_id` must be the identifier of a segment"),
    ],
)
def test_a_wrong_query_says_what_is_wrong(
    caller: RestCaller, query: dict[str, str], message: str
) -> None:
    known = {"event": "Signed up", "length": "3"} | query
    assert refused(caller, "/events/data_series", **known) == message


def test_an_event_must_be_named(caller: RestCaller) -> None:
    message = "`event` must be a string of 1 to 255 characters"
    assert refused(caller, "/events/data_series", length=3) == message


def test_a_segment_of_another_workspace_is_none(caller: RestCaller) -> None:
    query = {"length": 1, "segment_id": SegmentFactory().pk}
    message = "Invalid Segment ID: this workspace has no such segment"
    assert refused(caller, "/sessions/data_series", **query) == message


def test_a_segment_that_cannot_be_evaluated_says_why(caller: RestCaller) -> None:
    leaf = {"filter": "nonsense", "operator": "is", "value": []}
    segment = SegmentFactory(workspace=caller.workspace, tree={"groups": [{"filters": [leaf]}]})
    message = refused(caller, "/sessions/data_series", length=1, segment_id=segment.pk)
    assert message.startswith("Invalid Segment ID: ")


@pytest.mark.parametrize("path", SERIES)
@pytest.mark.parametrize("length", [1, 3])
def test_a_series_takes_one_query_beside_the_key(
    caller: RestCaller, path: str, length: int
) -> None:
    points(caller, path, event="Signed up")  # notes that the key was used
    with CaptureQueriesContext(connection) as queries:
        points(caller, path, event="Signed up", length=length)
    assert len(queries) == 3


# Names


@pytest.mark.parametrize(
    ("path", "kind", "listed"),
    [("/events/list", CUSTOM, "events"), ("/purchases/product_list", PURCHASE, "products")],
)
def test_names_are_listed_250_a_page(
    caller: RestCaller, path: str, kind: EventKind, listed: str
) -> None:
    names = [f"Name {n:03}" for n in range(251)]
    for space in (caller.workspace, WorkspaceFactory()):
        rows = (EventName(workspace=space, kind=kind, name=name) for name in reversed(names))
        EventName.objects.bulk_create(rows)
    EventName.objects.create(workspace=caller.workspace, kind=SESSION, name="web")
    first = caller.get(path)
    assert (first.status_code, first.json()) == (200, {"message": "success", listed: names[:250]})
    assert caller.get(path, {"page": "1"}).json()[listed] == names[250:]
    assert caller.get(path, {"page": "1000000"}).json()[listed] == []


@pytest.mark.parametrize("sent", ["-1", "x", "1000001", "9" * 5000, "1.5", ""])
def test_a_page_is_a_number(caller: RestCaller, sent: str) -> None:
    message = "`page` must be a number from 0 to 1000000"
    assert refused(caller, "/events/list", page=sent) == message


@pytest.mark.parametrize("path", [*SERIES, "/events/list", "/purchases/product_list"])
def test_a_key_needs_the_permission(workspace: Workspace, path: str) -> None:
    answer = rest_caller(workspace, "users.track").get(path, {"length": 1})
    assert answer.status_code == 403
