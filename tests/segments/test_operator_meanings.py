"""What each operator means, type by type: who is found among a few known people."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from profiles.models import AttributeType, CustomAttribute
from segments.filters.operators import stretches
from tests.segments.test_event_filters import found, leaf
from tests.worlds.factories import ProfileFactory
from workspaces.models import Workspace

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
#: By the letter that names a person: the value of the attribute ``x``, which is not there for “z”.
STRINGS = {"a": "Pro", "b": "pro", "c": "Pro_1", "d": " Pro", "e": "", "f": 3}
NUMBERS = {"a": 0, "b": 1.5, "c": -2, "d": 10**18, "e": "7"}
BOOLEANS = {"a": True, "b": False, "c": "true", "d": 1}
ARRAYS = {"a": ["x", "y"], "b": ["X"], "c": [], "d": ["x", "y", "zed"], "e": "x", "f": [1, "x%"]}
TIMES = {
    "a": "2026-06-15T11:59:00Z",
    "b": "2026-06-14T12:00:00Z",
    "c": "2026-06-16T00:00:00Z",
    "d": "2020-01-01T00:00:00Z",
    "e": "soon",
    "f": 5,
}
OBJECTS = {"a": {"n": 3, "s": "v"}, "b": {"n": "3"}, "c": {"l": [{"n": 4}]}, "d": {}, "e": []}

VALUES: dict[AttributeType, dict[str, Any]] = {
    AttributeType.STRING: STRINGS,
    AttributeType.NUMBER: NUMBERS,
    AttributeType.BOOLEAN: BOOLEANS,
    AttributeType.ARRAY: ARRAYS,
    AttributeType.TIME: TIMES,
    AttributeType.OBJECT: OBJECTS,
}


def make(workspace: Workspace, type_: AttributeType) -> None:
    CustomAttribute.objects.create(workspace=workspace, name="x", type=type_)
    for name, value in VALUES[type_].items():
        ProfileFactory(workspace=workspace, external_id=name, custom={"x": value})
    ProfileFactory(workspace=workspace, external_id="z")


CASES: list[tuple[AttributeType, str, tuple[Any, ...], str]] = [
    (AttributeType.STRING, "equals", ("Pro",), "a"),
    (AttributeType.STRING, "is_like", ("pro",), "ab"),
    # In any case; who has no value does not equal it.
    (AttributeType.STRING, "not_equals", ("PRO",), "cdefz"),
    (AttributeType.STRING, "any_of", ("Pro", " Pro"), "ad"),
    (AttributeType.STRING, "none_of", ("Pro", " Pro"), "bcefz"),
    (AttributeType.STRING, "contains", ("o_",), "c"),
    (AttributeType.STRING, "not_contains", ("ro",), "efz"),
    (AttributeType.STRING, "matches", ("^PRO$",), "ab"),
    # Needs a value to look at.
    (AttributeType.STRING, "not_matches", ("^pro$",), "cde"),
    (AttributeType.STRING, "blank", (), "fz"),
    (AttributeType.STRING, "not_blank", (), "abcde"),
    # “Exactly 0” and “less than” match who has no value too.
    (AttributeType.NUMBER, "exactly", (0,), "aez"),
    (AttributeType.NUMBER, "exactly", (1.5,), "b"),
    (AttributeType.NUMBER, "not_equals", (0,), "bcd"),
    (AttributeType.NUMBER, "more", (0,), "bd"),
    (AttributeType.NUMBER, "more", (10**18 - 1,), "d"),
    (AttributeType.NUMBER, "less", (0,), "cez"),
    (AttributeType.NUMBER, "blank", (), "ez"),
    (AttributeType.NUMBER, "not_blank", (), "abcd"),
    (AttributeType.BOOLEAN, "true", (), "a"),
    (AttributeType.BOOLEAN, "false", (), "b"),
    (AttributeType.BOOLEAN, "true_or_unset", (), "acdz"),
    (AttributeType.BOOLEAN, "false_or_unset", (), "bcdz"),
    (AttributeType.BOOLEAN, "blank", (), "cdz"),
    (AttributeType.BOOLEAN, "not_blank", (), "ab"),
    (AttributeType.ARRAY, "includes_any", ("x", "X"), "abd"),
    (AttributeType.ARRAY, "includes_none", ("x",), "bcefz"),
    (AttributeType.ARRAY, "includes_all", ("x", "y"), "ad"),
    (AttributeType.ARRAY, "not_all", ("x", "y"), "bcefz"),
    (AttributeType.ARRAY, "contains", ("ze", "%"), "df"),
    (AttributeType.ARRAY, "not_contains", ("x",), "bcez"),
    (AttributeType.ARRAY, "matches", ("^x$",), "abd"),
    (AttributeType.ARRAY, "has_value", (), "abdf"),
    (AttributeType.ARRAY, "empty", (), "cez"),
    (AttributeType.TIME, "before", ("2026-06-15",), "bd"),
    (AttributeType.TIME, "after", ("2026-06-15",), "ace"),
    (AttributeType.TIME, "more_ago", (1,), "d"),
    (AttributeType.TIME, "less_ago", (1.5,), "ab"),
    (AttributeType.TIME, "more_ahead", (0,), "ce"),
    (AttributeType.TIME, "less_ahead", (1,), "c"),
    (AttributeType.TIME, "blank", (), "fz"),
    (AttributeType.OBJECT, "path_equals", ("n", "3"), "ab"),
    (AttributeType.OBJECT, "path_not_equals", ("n", "3"), "cdez"),
    (AttributeType.OBJECT, "path_more", ("n", 2), "a"),
    (AttributeType.OBJECT, "path_less", ("n", 4), "a"),
    (AttributeType.OBJECT, "path_equals", ("l.0.n", "4"), "c"),
    (AttributeType.OBJECT, "path_blank", ("s",), "bcdez"),
    (AttributeType.OBJECT, "path_not_blank", ("s",), "a"),
    (AttributeType.OBJECT, "blank", (), "ez"),
    (AttributeType.OBJECT, "not_blank", (), "abcd"),
]


@pytest.mark.parametrize(("type_", "operator", "value", "who"), CASES)
def test_custom_attributes(
    workspace: Workspace, type_: AttributeType, operator: str, value: tuple[Any, ...], who: str
) -> None:
    make(workspace, type_)
    assert found(workspace, leaf(f"custom_{type_}:x", operator, *value), NOW) == who


PEOPLE: dict[str, dict[str, Any]] = {
    "a": {
        "country": "FR",
        "home_city": "Paris",
        "language": "fr",
        "time_zone": "Europe/Paris",
        "gender": "F",
        "first_name": "Ann",
        "last_name": "Adam",
        "email": "ann@example.com",
        "phone": "+33123456789",
        "dob": date(2000, 2, 29),
        "email_subscribe": "opted_in",
        "push_subscribe": "unsubscribed",
        "random_bucket": 10,
    },
    "b": {
        "country": "US",
        "home_city": "Boston",
        "language": "en",
        "time_zone": "America/New_York",
        "gender": "M",
        "email": "bob@example.com",
        "dob": date(1990, 6, 15),
        "email_subscribe": "unsubscribed",
        "random_bucket": 20,
    },
    "c": {"email": "cid@example.com", "email_hard_bounced_at": NOW, "random_bucket": 30},
}


@pytest.mark.parametrize(
    ("key", "operator", "value", "who"),
    [
        ("country", "any_of", ("FR", "DE"), "a"),
        ("city", "equals", ("Boston",), "b"),
        ("language", "any_of", ("fr",), "a"),
        ("language", "none_of", ("fr",), "bc"),
        ("time_zone", "any_of", ("America/New_York",), "b"),
        ("gender", "any_of", ("F",), "a"),
        ("gender", "blank", (), "c"),
        ("first_name", "equals", ("Ann",), "a"),
        ("last_name", "blank", (), "bc"),
        ("email", "contains", ("bob@",), "b"),
        ("phone", "matches", (r"^\+33",), "a"),
        ("external_id", "any_of", ("a", "c"), "ac"),
        ("email_available", "true", (), "a"),
        ("email_available", "false", (), "bc"),
        ("email_subscribe", "is", ("subscribed", "opted_in"), "ac"),
        ("email_subscribe", "is_not", ("unsubscribed",), "ac"),
        ("push_subscribe", "is", ("unsubscribed",), "a"),
        ("random_bucket", "between", (10, 20), "ab"),
        ("random_bucket", "not_between", (10, 20), "c"),
        ("birthday", "before", ("2000-02-29",), "b"),
        ("birthday", "after", ("2000-02-29",), "a"),
        ("age", "exactly", (36,), "b"),
        ("age", "more", (26,), "b"),
        ("age", "less", (27,), "a"),
        ("identified", "true", (), "abc"),
    ],
)
def test_standard_attributes(
    workspace: Workspace, key: str, operator: str, value: tuple[Any, ...], who: str
) -> None:
    for name, fields in PEOPLE.items():
        ProfileFactory(workspace=workspace, external_id=name, **fields)
    assert found(workspace, leaf(key, operator, *value), NOW) == who


@pytest.mark.parametrize(
    ("day", "years"), [((2024, 2, 29), 23), ((2024, 3, 1), 24), ((2025, 2, 28), 24)]
)
def test_who_is_born_on_29_february_is_a_year_older_on_1_march(
    workspace: Workspace, day: tuple[int, int, int], years: int
) -> None:
    ProfileFactory(workspace=workspace, external_id="a", dob=date(2000, 2, 29))
    now = datetime(*day, 12, tzinfo=UTC)
    assert found(workspace, leaf("age", "exactly", years), now) == "a"


@pytest.mark.parametrize(("zone", "who"), [("UTC", "abd"), ("America/Los_Angeles", "abcd")])
def test_days_begin_when_they_do_in_the_workspace(
    workspace: Workspace, zone: str, who: str
) -> None:
    workspace.time_zone = zone
    workspace.save(update_fields=["time_zone"])
    make(workspace, AttributeType.TIME)
    # 16 June begins at 07:00 in UTC for those in Los Angeles.
    assert found(workspace, leaf("custom_time:x", "before", "2026-06-16"), NOW) == who


def test_today_is_the_day_of_the_workspace(workspace: Workspace) -> None:
    workspace.time_zone = "Pacific/Auckland"
    workspace.save(update_fields=["time_zone"])
    ProfileFactory(workspace=workspace, external_id="a", dob=date(1990, 6, 16))
    ProfileFactory(workspace=workspace, external_id="b", dob=date(1990, 6, 15))
    assert found(workspace, leaf("birthday_day", "today"), NOW) == "a"


@pytest.mark.parametrize("operator", ["more_ago", "less_ago", "more_ahead", "less_ahead"])
@pytest.mark.parametrize("days", [0, 0.1, 0.25, 1])
def test_a_bitmap_follows_the_clock(workspace: Workspace, operator: str, days: float) -> None:
    CustomAttribute.objects.create(workspace=workspace, name="x", type=AttributeType.TIME)
    for step in range(-180, 181):
        at = NOW + timedelta(minutes=10 * step)
        custom = {"x": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        ProfileFactory(workspace=workspace, external_id=f"a{step}", custom=custom)
    for minutes in (0, 10, 95, 240, 359, 361):
        # Which compares the bitmap with plain SQL.
        found(workspace, leaf("custom_time:x", operator, days), NOW + timedelta(minutes=minutes))


def test_two_stretches_that_overlap_are_one() -> None:
    assert stretches("b", "d", "a", "c") == ("a", "d", "d", "d")
    assert stretches("c", "d", "a", "b") == ("a", "b", "c", "d")
    assert stretches("a", "b", "b", "c") == ("a", "b", "b", "c")
