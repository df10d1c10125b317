"""The reading calls of segments."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.utils import timezone

from profiles.models import Profile
from segments.models import Segment, SegmentSize
from tests.worlds.factories import ProfileFactory, SegmentFactory, WorkspaceFactory
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import Workspace

FRENCH_TREE = {
    "groups": [{"filters": [{"filter": "country", "operator": "any_of", "value": ["FR"]}]}]
}
NO_ID = "`segment_id` must be the identifier of a segment"
UNKNOWN = "Invalid Segment ID: this workspace has no such segment"


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace, "segments.list", "segments.details", "segments.data_series")


@pytest.fixture
def french(workspace: Workspace) -> Segment:
    return SegmentFactory(workspace=workspace, name="French", tree=FRENCH_TREE)


def names(caller: RestCaller, **query: Any) -> list[str]:
    return [row["name"] for row in caller.get("/segments/list", query).json()["segments"]]


def series(caller: RestCaller, segment: Segment, **query: Any) -> list[tuple[str, int]]:
    query = {"segment_id": segment.pk, "length": 100} | query
    data = caller.get("/segments/data_series", query).json()["data"]
    return [(day["time"], day["size"]) for day in data]


def refused(caller: RestCaller, path: str, query: Any) -> str:
    answer = caller.get(path, query)
    assert answer.status_code == 400
    return answer.json()["message"]


# The list


def test_a_segment_is_listed_as_documented(caller: RestCaller) -> None:
    segment = SegmentFactory(workspace=caller.workspace, name="Old", tags=["a", "b"])
    assert caller.get("/segments/list").json() == {
        "message": "success",
        "segments": [
            {
                "id": str(segment.pk),
                "name": "Old",
                "analytics_tracking_enabled": True,
                "tags": ["a", "b"],
            }
        ],
    }


def test_segments_are_listed_in_order_of_creation(caller: RestCaller) -> None:
    for name in ("B", "C", "A"):
        SegmentFactory(workspace=caller.workspace, name=name)
    assert names(caller) == names(caller, sort_direction="asc") == ["B", "C", "A"]
    assert names(caller, sort_direction="desc") == ["A", "C", "B"]


def test_archived_and_foreign_segments_are_never_listed(caller: RestCaller) -> None:
    SegmentFactory(workspace=caller.workspace, archived_at=timezone.now())
    SegmentFactory(workspace=WorkspaceFactory())
    assert names(caller) == names(caller, include_archived="true") == []


@pytest.mark.parametrize("name", ["format", "api_key", "segments"])
def test_a_parameter_that_we_do_not_know_is_ignored(name: str, caller: RestCaller) -> None:
    SegmentFactory(workspace=caller.workspace, name="One")
    assert names(caller, **{name: "xml"}) == ["One"]


def test_a_page_has_a_hundred_segments(caller: RestCaller) -> None:
    for number in range(101):
        SegmentFactory(workspace=caller.workspace, name=str(number))
    assert names(caller) == names(caller, page=0) == [str(number) for number in range(100)]
    assert names(caller, page=1) == ["100"]
    assert names(caller, page=1_000_000) == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_a_set_number_of_queries(
    count: int, caller: RestCaller, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        SegmentFactory(workspace=caller.workspace)
    caller.get("/segments/list")
    with django_assert_num_queries(3):
        assert len(names(caller)) == count


@pytest.mark.parametrize("page", ["-1", "x", "1.5", "", "1000001", "9" * 40, "9" * 2000, "\0", "é"])
def test_a_page_must_be_a_number(page: str, caller: RestCaller) -> None:
    message = "`page` must be a number from 0 to 1000000"
    assert refused(caller, "/segments/list", {"page": page}) == message


@pytest.mark.parametrize("direction", ["", "up", "ASC", "\0"])
def test_a_direction_is_one_of_two(direction: str, caller: RestCaller) -> None:
    message = "`sort_direction` must be `asc` or `desc`"
    assert refused(caller, "/segments/list", {"sort_direction": direction}) == message


# One segment


def test_the_details_are_as_documented(caller: RestCaller, french: Segment) -> None:
    Segment.objects.update(
        tags=["a"],
        description="Whom we like.",
        created_at=datetime(2026, 6, 1, 8, tzinfo=UTC),
        updated_at=datetime(2026, 6, 2, 9, 30, 1, 5, tzinfo=UTC),
    )
    assert caller.get("/segments/details", {"segment_id": french.pk}).json() == {
        "message": "success",
        "created_at": "2026-06-01T08:00:00Z",
        "updated_at": "2026-06-02T09:30:01.000005Z",
        "name": "French",
        "description": "Everyone for whom Country is any of FR",
        "text_description": "Whom we like.",
        "tags": ["a"],
        "teams": [],
    }


def test_the_filters_are_told_in_english(caller: RestCaller, french: Segment) -> None:
    query = {"segment_id": french.pk}
    english = caller.get("/segments/details", query).json()
    assert caller.get("/segments/details", query, **{"Accept-Language": "fr"}).json() == english


def test_a_tree_that_cannot_be_read_says_why(caller: RestCaller, french: Segment) -> None:
    Segment.objects.update(tree={"groups": [{"filters": [{"filter": "shoe size"}]}]})
    answer = caller.get("/segments/details", {"segment_id": french.pk})
    assert answer.json()["description"].startswith("Filter 1 (shoe size): ")


def test_an_archived_segment_is_still_described(caller: RestCaller, french: Segment) -> None:
    french.archived_at = timezone.now()
    french.save()
    assert caller.get("/segments/details", {"segment_id": french.pk}).status_code == 200


@pytest.mark.parametrize("path", ["/segments/details", "/segments/data_series"])
def test_a_segment_must_be_one_of_ours(path: str, caller: RestCaller) -> None:
    foreign = SegmentFactory(workspace=WorkspaceFactory())
    for pk in (foreign.pk, uuid.uuid4()):
        assert refused(caller, path, {"segment_id": pk, "length": 1}) == UNKNOWN


@pytest.mark.parametrize("path", ["/segments/details", "/segments/data_series"])
@pytest.mark.parametrize(
    "query", [{}, {"segment_id": ""}, {"segment_id": "\0"}, {"segment_id": "1"}]
)
def test_a_segment_must_be_named(path: str, query: Any, caller: RestCaller) -> None:
    assert refused(caller, path, query | {"length": 1}) == NO_ID


# Daily sizes


def record(segment: Segment, sizes: dict[int, int]) -> None:
    """Record sizes of ``segment`` by day of June 2026."""
    for day, size in sizes.items():
        SegmentSize.objects.create(segment=segment, day=date(2026, 6, day), size=size)


def test_today_is_counted_now(caller: RestCaller, french: Segment) -> None:
    today = timezone.localdate()
    for back, size in ((1, 7), (0, 9)):
        SegmentSize.objects.create(segment=french, day=today - timedelta(days=back), size=size)
    ProfileFactory(workspace=caller.workspace, country="FR")
    ProfileFactory(workspace=caller.workspace, country="DE")
    yesterday = today - timedelta(days=1)
    assert series(caller, french) == [(str(yesterday), 7), (str(today), 1)]
    Profile.objects.update(country="FR")
    assert series(caller, french, length=1) == [(str(today), 2)]


def test_a_segment_that_cannot_be_counted_keeps_what_was_recorded(
    caller: RestCaller, french: Segment
) -> None:
    SegmentSize.objects.create(segment=french, day=timezone.localdate(), size=9)
    Segment.objects.update(tree={"groups": [{"filters": [{"filter": "shoe size"}]}]})
    assert series(caller, french) == [(str(timezone.localdate()), 9)]


def test_a_series_ends_with_the_day_asked_for(caller: RestCaller, french: Segment) -> None:
    record(french, {24: 4, 25: 5, 27: 7, 28: 8})
    ending_at = "2026-06-27T23:59:59Z"
    assert series(caller, french, length=3, ending_at=ending_at) == [
        ("2026-06-25", 5),
        ("2026-06-27", 7),
    ]


@pytest.mark.parametrize(
    ("ending_at", "days"),
    [
        ("2026-06-27T03:59:59Z", [26]),
        ("2026-06-27T04:00:00", [27]),
        ("2026-06-26T23:59:59-4:00", [26]),
        ("2026-06-27T00:00:00-04:00", [27]),
        ("2026-06-27 00:00:00 -0400", [27]),
        ("2026-06-27T06:00:00 0200", [27]),
        ("2026-06-27T05:59:59+02:00", [26]),
        ("2026-06-27T03:59:59.999Z", [26]),
        ("2026-06-27 12:00", [27]),
        ("2026-06-27", [26]),
        ("1901-01-01T00:00:00Z", []),
    ],
)
def test_a_day_is_one_of_the_workspace(
    ending_at: str, days: list[int], caller: RestCaller, french: Segment
) -> None:
    Workspace.objects.update(time_zone="America/New_York")
    record(french, {26: 6, 27: 7})
    found = series(caller, french, length=1, ending_at=ending_at)
    assert found == [(f"2026-06-{day}", day - 20) for day in days]


def test_a_plus_that_was_not_encoded_is_one(caller: RestCaller, french: Segment) -> None:
    record(french, {26: 6, 27: 7})
    query = f"?segment_id={french.pk}&length=1&ending_at=2026-06-27T01:00:00+02:00"
    answer = caller.get(f"/segments/data_series{query}")
    assert answer.json()["data"] == [{"time": "2026-06-26", "size": 6}]


@pytest.mark.parametrize(
    "ending_at",
    [
        "",
        "now",
        "2026-13-01T00:00:00Z",
        "2026-06-27T00:00:00+99:00",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "0999-01-01T00:00:00Z",
        "\0",
        "9" * 5000,
    ],
)
def test_a_series_ends_at_a_time(ending_at: str, caller: RestCaller, french: Segment) -> None:
    query = {"segment_id": french.pk, "length": 1, "ending_at": ending_at}
    message = "`ending_at` must be a time in ISO-8601, such as 2026-06-28T23:59:59-05:00"
    assert refused(caller, "/segments/data_series", query) == message


@pytest.mark.parametrize("length", [None, "", "0", "101", "-1", "1.5", "x", "9" * 2000])
def test_a_series_has_up_to_a_hundred_days(
    length: str | None, caller: RestCaller, french: Segment
) -> None:
    query = {"segment_id": french.pk} | ({} if length is None else {"length": length})
    message = "`length` must be a number from 1 to 100"
    assert refused(caller, "/segments/data_series", query) == message


def test_days_to_come_have_no_size(caller: RestCaller, french: Segment) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    expected = [(str(timezone.localdate()), 0)]
    assert series(caller, french, length=2, ending_at=tomorrow.isoformat()) == expected
    assert series(caller, french, length=1, ending_at=tomorrow.isoformat()) == []


def test_each_call_needs_its_own_permission(workspace: Workspace, french: Segment) -> None:
    calls = ("list", "details", "data_series")
    query = {"segment_id": french.pk, "length": 1}
    for allowed in calls:
        one = rest_caller(workspace, f"segments.{allowed}")
        statuses = {call: one.get(f"/segments/{call}", query).status_code for call in calls}
        assert statuses == {call: 200 if call == allowed else 403 for call in calls}


@pytest.mark.django_db
def test_an_unknown_call_is_not_found_in_json(caller: RestCaller) -> None:
    answer = caller.get(f"/segments/{quote('näh')}")
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})
