"""Filters over single attributes of people: birthdays, identifiers, and what is seen of each."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from profiles.models import Profile
from segments.audiences.people import people_of
from segments.filters.judging import checked_leaf
from segments.trees.tree import load_tree
from tests.segments.test_event_filters import found, leaf
from tests.worlds.factories import AliasFactory, DeviceFactory, ProfileFactory
from workspaces.models import Workspace

BIRTHDAYS = {
    "ann": date(1980, 2, 29),
    "bob": date(1999, 3, 1),
    "cid": date(2001, 12, 31),
    "dan": date(1970, 1, 1),
    "eve": None,
}


@pytest.fixture
def people(workspace: Workspace) -> None:
    for name, dob in BIRTHDAYS.items():
        ProfileFactory(workspace=workspace, external_id=name, dob=dob)


def noon(*day: int) -> datetime:
    return datetime(*day, 12, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("item", "now", "who"),
    [
        (leaf("birthday_day", "on", 29, 2), noon(2025, 6, 1), "ab"),
        (leaf("birthday_day", "on", 1, 3), noon(2025, 6, 1), "ab"),
        (leaf("birthday_day", "on", 31, 12), noon(2025, 6, 1), "c"),
        (leaf("birthday_day", "today"), noon(2025, 3, 1), "ab"),
        (leaf("birthday_day", "today"), noon(2024, 2, 29), ""),
        (leaf("birthday_day", "ahead", 0), noon(2025, 12, 31), "c"),
        (leaf("birthday_day", "ahead", 1), noon(2025, 12, 31), "cd"),
        (leaf("birthday_day", "ahead", 2), noon(2025, 2, 27), "ab"),
        (leaf("birthday_day", "ahead", 2), noon(2024, 2, 27), ""),
        (leaf("birthday_day", "ahead", 365), noon(2025, 5, 5), "abcd"),
        (leaf("birthday_day", "blank"), noon(2025, 5, 5), "e"),
    ],
)
def test_birthdays_are_found_by_the_day_of_the_year(
    workspace: Workspace, people: None, item: dict[str, Any], now: datetime, who: str
) -> None:
    assert found(workspace, item, now) == who


def test_a_birthday_moves_at_midnight_in_utc() -> None:
    until = datetime(2025, 5, 6, tzinfo=UTC)
    assert checked_leaf(leaf("birthday_day", "today")).settled_until(noon(2025, 5, 5)) == until
    assert checked_leaf(leaf("birthday_day", "ahead", 3)).settled_until(noon(2025, 5, 5)) == until
    assert checked_leaf(leaf("birthday_day", "on", 1, 3)).settled_until(noon(2025, 5, 5)) is None


def audience(workspace: Workspace, item: dict[str, Any]) -> list[str]:
    with people_of(workspace) as people:
        ids = set(load_tree({"groups": [{"filters": [item]}]}).audience(people))
    names = Profile.objects.filter(pk__in=ids).values_list("first_name", flat=True)
    return sorted(names)


@pytest.mark.parametrize(
    ("item", "who"),
    [
        (leaf("identified", "true"), ["ann", "bob"]),
        (leaf("identified", "false"), ["zoe"]),
        (leaf("alias", "has_label", "crm", "erp"), ["ann", "bob"]),
        (leaf("alias", "lacks_label", "crm"), ["bob", "zoe"]),
        (leaf("alias", "any"), ["ann", "bob"]),
        (leaf("alias", "none"), ["zoe"]),
        (leaf("device", "any"), ["zoe"]),
        (leaf("device", "none"), ["ann", "bob"]),
    ],
)
def test_identifiers_are_asked_for_and_followed(
    workspace: Workspace, item: dict[str, Any], who: list[str]
) -> None:
    ann, bob = (ProfileFactory(workspace=workspace, first_name=name) for name in ("ann", "bob"))
    zoe = ProfileFactory(workspace=workspace, first_name="zoe", external_id=None)
    AliasFactory(label="crm")
    before = audience(workspace, item)
    AliasFactory(profile=ann, label="crm")
    AliasFactory(profile=bob, label="erp")
    DeviceFactory(profile=zoe)
    assert audience(workspace, item) == who
    ann.aliases.all().delete()
    bob.aliases.all().delete()
    zoe.devices.all().delete()
    assert audience(workspace, item) == before


CUSTOM = {
    "plan": "pro",
    "visits": 7,
    "vip": True,
    "tags": ["a", "b"],
    "seen": "2026-11-20T10:00:00Z",
    "company": {"name": "Acorn", "sizes": [1, 2]},
}


@pytest.mark.parametrize(
    ("item", "seen"),
    [
        (leaf("first_name", "blank"), "Ann"),
        (leaf("last_name", "blank"), ""),
        (leaf("gender", "any_of", "M"), "Female"),
        (leaf("language", "any_of", "fr"), "French"),
        (leaf("email_subscribe", "is", "opted_in"), "Subscribed"),
        (leaf("email_available", "true"), "no"),
        (leaf("identified", "false"), "yes"),
        (leaf("birthday", "blank"), "Feb. 29, 1980"),
        (leaf("birthday_day", "today"), "March 1"),
        (leaf("random_bucket", "between", 0, 10), "42"),
        (leaf("custom_string:plan", "blank"), "pro"),
        (leaf("custom_string:visits", "blank"), ""),
        (leaf("custom_number:visits", "blank"), "7"),
        (leaf("custom_boolean:vip", "blank"), "yes"),
        (leaf("custom_array:tags", "empty"), "a, b"),
        (leaf("custom_time:seen", "blank"), "Nov. 20, 2026, 10 a.m."),
        (leaf("custom_object:company", "path_equals", "name", "Acorn"), "Acorn"),
        (leaf("custom_object:company", "path_blank", "sizes"), "1, 2"),
        (leaf("custom_object:company", "path_blank", "name.first"), ""),
        (leaf("custom_object:company", "blank"), '{"name": "Acorn", "sizes": [1, 2]}'),
        (leaf("custom_string:gone", "blank"), ""),
        (leaf("alias", "any"), "crm:17, erp:4"),
        (leaf("device", "any"), ""),
    ],
)
def test_what_is_seen_is_said_in_words(
    workspace: Workspace, item: dict[str, Any], seen: str
) -> None:
    ann = ProfileFactory(
        workspace=workspace,
        first_name="Ann",
        gender="F",
        language="fr",
        dob=date(1980, 2, 29),
        random_bucket=42,
        custom=CUSTOM,
    )
    AliasFactory(profile=ann, label="erp", name="4")
    AliasFactory(profile=ann, label="crm", name="17")
    assert checked_leaf(item).seen(workspace, ann, noon(2025, 5, 5)) == seen
