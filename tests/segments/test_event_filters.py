"""Filters over events: who is found, right for people without any, and by which rows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from profiles.events import NewEvent, record_events
from profiles.models import EventKind, Profile
from segments.audiences.people import people_of
from segments.filters.base import HORIZON
from segments.filters.catalogue import Catalogue
from segments.filters.judging import checked_leaf
from segments.models import Segment
from segments.trees.tree import load_tree
from tests.segments.test_segment_pages import HTMX, NEW, builder
from tests.worlds.asking import asked_beside_its_like
from tests.worlds.factories import ProfileFactory
from workspaces.models import Workspace

#: A Sunday, at noon in UTC.
NOW = datetime(2025, 6, 15, 12, tzinfo=UTC)
PRO = {"plan": "pro", "steps": 3, "tags": ["a", "b"]}


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


#: (who, kind, name, days ago, amount, properties)
HISTORY: list[tuple[str, EventKind, str, float, str | None, dict[str, Any]]] = [
    ("ann", EventKind.CUSTOM, "Signed up", 40, None, {}),
    ("ann", EventKind.CUSTOM, "Signed up", 1.4, None, PRO),
    ("ann", EventKind.CUSTOM, "Signed up", 0.1, None, {"plan": "free", "steps": 10}),
    ("bob", EventKind.CUSTOM, "Signed up", 2.6, None, PRO | {"steps": "3"}),
    ("bob", EventKind.CUSTOM, "Left", 0.1, None, {}),
    ("ann", EventKind.PURCHASE, "Hat", 10, "20", {"size": "L"}),
    ("ann", EventKind.PURCHASE, "Cap", 1, "9.99", {}),
    ("bob", EventKind.PURCHASE, "Hat", 3, "5.50", {}),
    ("ann", EventKind.SESSION, "Web", 9, None, {}),
    ("ann", EventKind.SESSION, "iOS", 0.2, None, {}),
    ("bob", EventKind.SESSION, "Web", 5, None, {}),
]


@pytest.fixture
def people(workspace: Workspace) -> dict[str, int]:
    """Ann and Bob, who did much, Zoe, who did nothing, and a stranger who did all."""
    ids = {
        name: ProfileFactory(workspace=workspace, external_id=name).pk
        for name in ("ann", "bob", "zoe")
    }
    stranger = ProfileFactory()
    for who, kind, name, days, amount, properties in HISTORY:
        spent = Decimal(amount) if amount else None
        for space, pk in ((workspace, ids[who]), (stranger.workspace, stranger.pk)):
            record_events(space, [NewEvent(pk, kind, name, days_ago(days), spent, properties)])
    return ids


def leaf(key: str, operator: str, *value: Any) -> dict[str, Any]:
    return {"filter": key, "operator": operator, "value": list(value)}


def found(workspace: Workspace, item: dict[str, Any], now: datetime = NOW) -> str:
    """Return the initials of those for whom ``item`` holds at ``now``: bitmap and SQL agree, and
    what is asked of some people alone.
    """
    asked = checked_leaf(item)
    with people_of(workspace, now=now) as people:
        condition = asked.condition(workspace, people.now)
        sql = f"select id from profiles_profile where workspace_id = %s and {condition.sql}"
        with connection.cursor() as cursor:
            cursor.execute(sql, [workspace.pk, *condition.params])
            ids = {pk for (pk,) in cursor.fetchall()}
        some = people.among(people.everyone())
        some.prepare([asked])
        assert set(asked.audience(some)) == ids
        assert set(asked.audience(people)) == ids
        assert set(asked_beside_its_like(people, asked)) == ids
    names = Profile.objects.filter(pk__in=ids).values_list("external_id", flat=True)
    return "".join(sorted(name[0] for name in names))


SIGNED_UP = "custom_event:Signed up"


@pytest.mark.parametrize(
    ("item", "who"),
    [
        (leaf(SIGNED_UP, "done"), "ab"),
        (leaf(SIGNED_UP, "not_done"), "z"),
        (leaf("custom_event:Nobody did", "not_done"), "abz"),
        (leaf(SIGNED_UP, "exactly", 3), "a"),
        (leaf(SIGNED_UP, "exactly", 0), "z"),
        (leaf(SIGNED_UP, "more", 0), "ab"),
        (leaf(SIGNED_UP, "more", 1), "a"),
        (leaf(SIGNED_UP, "less", 3), "bz"),
        (leaf(SIGNED_UP, "less", 1), "z"),
        (leaf(SIGNED_UP, "less", 0), ""),
        (leaf(SIGNED_UP, "first_before", "2025-06-01"), "a"),
        (leaf(SIGNED_UP, "first_after", "2025-06-12"), "b"),
        (leaf(SIGNED_UP, "first_more_ago", 2.5), "ab"),
        (leaf(SIGNED_UP, "first_less_ago", 30), "b"),
        (leaf(SIGNED_UP, "last_before", "2025-06-13"), "b"),
        (leaf(SIGNED_UP, "last_after", "2025-06-13"), "a"),
        (leaf(SIGNED_UP, "last_more_ago", 0.25), "b"),
        (leaf(SIGNED_UP, "last_less_ago", 0.25), "a"),
        (leaf("product:Hat", "bought"), "ab"),
        (leaf("product:Cap", "not_bought"), "bz"),
        (leaf("product:Hat", "days_more", 0, 7), "b"),
        (leaf("product:Hat", "last_less_ago", 7), "b"),
        (leaf("product:Hat", "exactly", 1), "ab"),
        (leaf("product:Cap", "less", 1), "bz"),
        (leaf("product:Hat", "first_more_ago", 7), "a"),
        (leaf("product:Hat", "first_after", "2025-06-12"), "b"),
        (leaf("product:Hat", "property_more", "size", "equals", "L", 0, 30), "a"),
        (leaf("product:Hat", "property_less", "size", "equals", "L", 1, 30), "bz"),
        (leaf("purchase_count", "exactly", 2), "a"),
        (leaf("purchase_count", "less", 2), "bz"),
        (leaf("purchase_count", "days_exactly", 1, 3), "ab"),
        (leaf("money_spent", "exactly", 29.99), "a"),
        (leaf("money_spent", "more", 5.5), "a"),
        (leaf("money_spent", "less", 5.51), "bz"),
        (leaf("money_spent", "exactly", 0), "z"),
        (leaf("money_spent", "days_more", 9.98, 2), "a"),
        (leaf("money_spent", "days_less", 0.01, 2), "bz"),
        (leaf("first_purchase", "more_ago", 5), "a"),
        (leaf("last_purchase", "less_ago", 2), "a"),
        (leaf("last_purchase", "before", "2025-06-13"), "b"),
        (leaf("session_count", "exactly", 2), "a"),
        (leaf("session_count", "less", 1), "z"),
        (leaf("session_count", "days_more", 0, 5), "ab"),
        (leaf("first_used", "after", "2025-06-10"), "b"),
        (leaf("last_used", "less_ago", 1), "a"),
    ],
)
def test_who_is_found(
    workspace: Workspace, people: dict[str, int], item: dict[str, Any], who: str
) -> None:
    assert found(workspace, item) == who


@pytest.mark.parametrize(
    ("item", "who"),
    [
        # Noon of the 15th: "1 day" goes back to the start of the 14th, 36 hours ago.
        (leaf(SIGNED_UP, "days_exactly", 2, 1), "a"),
        (leaf(SIGNED_UP, "days_more", 0, 1), "a"),
        (leaf(SIGNED_UP, "days_more", 0, 2), "a"),
        (leaf(SIGNED_UP, "days_more", 0, 3), "ab"),
        (leaf(SIGNED_UP, "days_less", 1, 2), "bz"),
        (leaf(SIGNED_UP, "days_less", 2, 30), "bz"),
        (leaf(SIGNED_UP, "days_exactly", 0, 30), "z"),
        (leaf(SIGNED_UP, "days_exactly", 0, 2), "bz"),
    ],
)
def test_days_are_calendar_days_in_utc(
    workspace: Workspace, people: dict[str, int], item: dict[str, Any], who: str
) -> None:
    assert found(workspace, item) == who
    assert found(workspace, item, NOW.replace(hour=23, minute=59)) == who


def test_calendar_days_move_at_midnight(workspace: Workspace, people: dict[str, int]) -> None:
    item = leaf(SIGNED_UP, "days_more", 1, 1)
    assert found(workspace, item, NOW.replace(hour=23, minute=59)) == "a"
    assert found(workspace, item, NOW.replace(day=16, hour=0)) == ""
    assert checked_leaf(item).settled_until(NOW) == NOW.replace(day=16, hour=0)
    assert checked_leaf(item).restless(workspace, NOW, NOW.replace(day=16, hour=0)) is None


@pytest.mark.parametrize(
    ("compared", "who"),
    [
        (("plan", "equals", "pro"), "ab"),
        (("plan", "equals", "Pro"), ""),
        (("plan", "not_equals", "pro"), "a"),
        (("steps", "equals", "3"), "ab"),
        (("steps", "more", "2.5"), "a"),
        (("steps", "less", "10"), "a"),
        (("plan", "contains", "r"), "ab"),
        (("tags", "contains", "b"), "ab"),
        (("tags", "contains", "%"), ""),
        (("nothing", "equals", ""), ""),
    ],
)
def test_events_are_told_apart_by_a_property(
    workspace: Workspace, people: dict[str, int], compared: tuple[str, ...], who: str
) -> None:
    inside = found(workspace, leaf(SIGNED_UP, "property_more", *compared, 0, 7))
    outside = found(workspace, leaf(SIGNED_UP, "property_exactly", *compared, 0, 7))
    assert inside == who
    assert outside == "".join(sorted(set("abz") - set(who)))


def test_who_is_restless_may_flip(workspace: Workspace, people: dict[str, int]) -> None:
    item = checked_leaf(leaf("last_purchase", "less_ago", 3.2))
    until = item.settled_until(NOW)
    assert until == NOW + HORIZON
    query = item.restless(workspace, NOW, until)
    assert query is not None
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        assert cursor.fetchall() == [(people["bob"],)]
    assert found(workspace, item.dump()) == "ab"
    assert found(workspace, item.dump(), until) == "a"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (leaf(SIGNED_UP, "done"), "has done Signed up"),
        (leaf(SIGNED_UP, "not_done"), "has not done Signed up"),
        (
            leaf(SIGNED_UP, "days_more", 3, 7),
            "has done Signed up more than 3 times in the last 7 calendar days",
        ),
        (
            leaf(SIGNED_UP, "property_less", "plan", "equals", "pro", 3, 7),
            "has done Signed up where plan equals pro less than 3 times in the last 7 "
            "calendar days",
        ),
        (leaf(SIGNED_UP, "first_before", "2025-06-01"), "first did Signed up before 2025-06-01"),
        (leaf(SIGNED_UP, "last_less_ago", 0.25), "last did Signed up less than 0.25 days ago"),
        (leaf("product:Hat", "not_bought"), "has not bought Hat"),
        (leaf("purchase_count", "less", 2), "Number of purchases less than 2"),
        (
            leaf("money_spent", "days_more", 9.5, 30),
            "Money spent more than 9.5 in the last 30 calendar days",
        ),
        (leaf("last_used", "more_ago", 7), "Last used app more than 7 days ago"),
        (leaf("birthday_day", "on", 29, 2), "Birthday is on February 29"),
        (leaf("birthday_day", "ahead", 7), "Birthday is in the next 7 days"),
        (leaf("birthday_day", "today"), "Birthday is today"),
    ],
)
def test_filters_are_said_in_words(workspace: Workspace, item: dict[str, Any], said: str) -> None:
    assert checked_leaf(item).sentence(Catalogue(workspace)) == said


@pytest.mark.parametrize(
    ("item", "ann", "zoe"),
    [
        (leaf(SIGNED_UP, "done"), "3", "0"),
        (leaf(SIGNED_UP, "days_more", 0, 1), "2", "0"),
        (leaf(SIGNED_UP, "last_after", "2025-01-01"), "June 15, 2025, 9:36 a.m.", ""),
        (leaf("money_spent", "less", 3), "29.99", "0"),
    ],
)
def test_what_is_seen_in_one_person(
    workspace: Workspace, people: dict[str, int], item: dict[str, Any], ann: str, zoe: str
) -> None:
    def seen(who: str) -> str:
        return checked_leaf(item).seen(workspace, Profile.objects.get(pk=people[who]), NOW)

    assert (seen("ann"), seen("zoe")) == (ann, zoe)


def test_over_all_time_only_totals_are_read_and_parameters_are_bound(workspace: Workspace) -> None:
    query = checked_leaf(leaf("custom_event:it's", "less", 3)).query(workspace, NOW)
    assert query.sql == (
        "select profile_id from (select profile_id, sum(count) as x from profiles_eventtotal "
        "where workspace_id = %s and kind = %s and name = %s  group by profile_id) as person "
        "where not (x < %s::numeric)"
    )
    assert query.params == (workspace.pk, "custom", "it's", 3)


def test_days_are_read_from_the_index_of_events(workspace: Workspace) -> None:
    query = checked_leaf(leaf(SIGNED_UP, "days_more", 3, 7)).query(workspace, NOW)
    assert query.params == (
        workspace.pk,
        "custom",
        "Signed up",
        datetime(2025, 6, 8, tzinfo=UTC),
        3,
    )
    # Of an empty table the planner takes any index.
    people = [ProfileFactory(workspace=workspace).pk for _ in range(20)]
    events = [
        NewEvent(people[n % 20], EventKind.CUSTOM, f"Event {n % 50}", days_ago(n / 10))
        for n in range(2000)
    ]
    record_events(workspace, events)
    with connection.cursor() as cursor:
        cursor.execute("analyze profiles_event")
        cursor.execute("set local enable_seqscan = off; set local enable_bitmapscan = off")
        cursor.execute(f"explain {query.sql}", query.params)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Only Scan using event_time" in plan


def audience(workspace: Workspace, item: dict[str, Any]) -> set[int]:
    with people_of(workspace) as snapshot:
        return set(load_tree({"groups": [{"filters": [item]}]}).audience(snapshot))


def test_an_audience_follows_what_people_do(workspace: Workspace) -> None:
    ann, zoe = (ProfileFactory(workspace=workspace) for _ in range(2))
    few, many = leaf(SIGNED_UP, "less", 2), leaf(SIGNED_UP, "days_more", 1, 7)
    assert audience(workspace, few) == {ann.pk, zoe.pk}
    assert audience(workspace, many) == set()
    event = NewEvent(ann.pk, EventKind.CUSTOM, "Signed up", timezone.now())
    record_events(workspace, [event, event])
    newcomer = ProfileFactory(workspace=workspace)
    assert audience(workspace, few) == {zoe.pk, newcomer.pk}
    assert audience(workspace, many) == {ann.pk}
    ann.events.update(name="Renamed")
    assert audience(workspace, few) == {ann.pk, zoe.pk, newcomer.pk}
    assert audience(workspace, many) == set()
    ann.events.all().delete()
    assert audience(workspace, leaf("custom_event:Renamed", "exactly", 0)) == {
        ann.pk,
        zoe.pk,
        newcomer.pk,
    }


# In the builder


def test_the_menu_offers_what_was_seen(
    marketer_client: Client, workspace: Workspace, people: dict[str, int]
) -> None:
    menu = dict(Catalogue(workspace).menu)
    assert menu["Custom events"] == [
        ("custom_event:Left", "Left"),
        ("custom_event:Signed up", "Signed up"),
    ]
    assert menu["Purchase behaviour"][:2] == [
        ("product:Cap", "Product Cap"),
        ("product:Hat", "Product Hat"),
    ]
    assert [label for _key, label in menu["Sessions"]] == [
        "Session count",
        "First used app",
        "Last used app",
    ]


def test_values_of_several_parts_are_saved_and_shown_again(
    marketer_client: Client, workspace: Workspace, people: dict[str, int]
) -> None:
    posted = builder(
        [
            (SIGNED_UP, "property_more", "plan", "equals", "pro", "2", "7"),
            ("birthday_day", "on", "29", "2"),
        ]
    )
    marketer_client.post(NEW, {"name": "Active"} | posted)
    segment = Segment.objects.get()
    stored = [item["value"] for item in segment.tree["groups"][0]["filters"]]
    assert stored == [["plan", "equals", "pro", 2, 7], [29, 2]]
    page = marketer_client.get(f"{segment.get_absolute_url()}edit/")
    assert page.text.count('name="tree-g0-f0-value"') == 5
    assert '<option value="equals" selected>' in page.text
    assert '<option value="2" selected>' in page.text


@pytest.mark.parametrize(
    ("filter_", "message"),
    [
        ((SIGNED_UP, "more", "1.5"), "Enter a whole number."),
        ((SIGNED_UP, "days_more", "51", "7"), "Times: Ensure this value is less than"),
        ((SIGNED_UP, "days_more", "5", "31"), "Calendar days: Ensure this value is less than"),
        ((SIGNED_UP, "days_more", "5"), "Calendar days: This field is required."),
        ((SIGNED_UP, "property_more", "", "equals", "x", "1", "1"), "Property: This field"),
        ((SIGNED_UP, "property_more", "p", "is", "x", "1", "1"), "Comparison: Select a valid"),
        ((SIGNED_UP, "property_more", "p", "more", "x", "1", "1"), "Enter a number."),
        ((SIGNED_UP, "property_more", "p", "more", "NaN", "1", "1"), "Enter a number."),
        ((SIGNED_UP, "first_more_ago", "-1"), "greater than or equal to 0"),
        (("birthday_day", "on", "31", "2"), "This day does not exist."),
        (("birthday_day", "ahead", "366"), "less than or equal to 365"),
    ],
)
def test_a_wrong_part_is_said_beside_it(
    marketer_client: Client, people: dict[str, int], filter_: Any, message: str
) -> None:
    answer = marketer_client.post(NEW, builder([filter_]), headers=HTMX)
    assert message in answer.text
