"""Bitmaps and plain SQL give the same people, whatever the tree and whatever changed since."""

import itertools
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cohorts.models import CohortMembership
from profiles.events import NewEvent, record_events
from profiles.models import AttributeType, CustomAttribute, EventKind, Profile
from segments.audiences.estimates import Size
from segments.audiences.people import people_of, sample, sizes
from segments.filters.base import InvalidTree, Query
from segments.models import Segment, UserListMember
from segments.trees.tree import load_tree
from tests.worlds.factories import (
    AliasFactory,
    CohortFactory,
    ProfileFactory,
    SegmentFactory,
    UserListFactory,
    WorkspaceFactory,
)
from workspaces.models import Workspace

COUNTRIES = ["", "FR", "DE", "fr"]
CUSTOM: list[dict[str, Any]] = [
    {},
    {"plan": "pro", "visits": 0, "vip": True, "tags": ["a", "b%"], "seen": "2026-11-20T10:00:00Z"},
    {"plan": "Pro_1", "visits": 7, "vip": False, "tags": [], "seen": "2020-01-01T00:00:00Z"},
    {"plan": "free", "visits": -2.5, "vip": None, "tags": ["b"], "seen": "2031-01-01T00:00:00Z"},
    {"plan": 3, "visits": "seven", "vip": "true", "tags": "a", "seen": True, "address": {}},
    {"address": {"city": "Paris", "floor": 3, "geo": {"lat": 48.8}}},
    {"address": {"city": ["Paris"], "floor": "3", "geo": None}},
]


def leaf(key: str, operator: str, *value: Any) -> dict[str, Any]:
    return {"filter": key, "operator": operator, "value": list(value)}


LEAVES = [
    leaf("country", "any_of", "FR"),
    leaf("country", "none_of", "FR"),
    leaf("country", "equals", "FR"),
    leaf("country", "not_equals", "FR"),
    leaf("country", "contains", "r"),
    leaf("country", "not_contains", "R"),
    leaf("country", "matches", "^f"),
    leaf("country", "not_matches", "^f"),
    leaf("country", "blank"),
    leaf("country", "not_blank"),
    leaf("custom_string:plan", "contains", "o_", "%"),
    leaf("custom_string:plan", "not_equals", "PRO"),
    leaf("custom_number:visits", "exactly", 0),
    leaf("custom_number:visits", "not_equals", 0),
    leaf("custom_number:visits", "more", -3),
    leaf("custom_number:visits", "less", 1.5),
    leaf("custom_boolean:vip", "true"),
    leaf("custom_boolean:vip", "false_or_unset"),
    leaf("custom_boolean:vip", "true_or_unset"),
    leaf("custom_array:tags", "includes_any", "a", "b"),
    leaf("custom_array:tags", "includes_all", "a", "b%"),
    leaf("custom_array:tags", "not_all", "a", "b%"),
    leaf("custom_array:tags", "contains", "%"),
    leaf("custom_array:tags", "matches", "^B"),
    leaf("custom_array:tags", "empty"),
    leaf("custom_time:seen", "before", "2026-01-01"),
    leaf("custom_time:seen", "less_ago", 400),
    leaf("custom_time:seen", "more_ahead", 3),
    leaf("custom_object:address", "blank"),
    leaf("custom_object:address", "path_equals", "city", "Paris"),
    leaf("custom_object:address", "path_not_equals", "city", "Paris"),
    leaf("custom_object:address", "path_more", "geo.lat", 40),
    leaf("custom_object:address", "path_less", "floor", 4),
    leaf("custom_object:address", "path_blank", "geo.lat"),
    leaf("email_available", "true"),
    leaf("email_available", "false"),
    leaf("email_subscribe", "is_not", "unsubscribed"),
    leaf("random_bucket", "between", 0, 4999),
    leaf("age", "more", 30),
    leaf("created_at", "less_ago", 1),
    leaf("birthday_day", "on", 29, 2),
    leaf("birthday_day", "ahead", 200),
    leaf("identified", "false"),
    leaf("alias", "has_label", "email_hash"),
    leaf("alias", "none"),
    leaf("device", "any"),
    leaf("custom_event:a", "done"),
    leaf("custom_event:a", "not_done"),
    leaf("custom_event:a", "exactly", 0),
    leaf("custom_event:a", "exactly", 1),
    leaf("custom_event:a", "less", 2),
    leaf("custom_event:a", "more", 1),
    leaf("custom_event:a", "days_less", 1, 2),
    leaf("custom_event:a", "days_more", 0, 2),
    leaf("custom_event:a", "property_more", "n", "more", "2", 0, 30),
    leaf("custom_event:a", "property_exactly", "n", "not_equals", "3", 0, 30),
    leaf("custom_event:a", "first_less_ago", 3),
    leaf("custom_event:a", "last_more_ago", 3),
    leaf("product:b", "not_bought"),
    leaf("purchase_count", "less", 2),
    leaf("money_spent", "less", 0),
    leaf("money_spent", "more", 1.5),
    leaf("money_spent", "days_exactly", 0, 5),
    leaf("last_purchase", "before", "2026-01-01"),
    leaf("session_count", "days_exactly", 0, 1),
    leaf("last_used", "less_ago", 3),
    leaf("cohort:heap", "includes_any", "COHORT"),
    leaf("cohort:heap", "includes_none", "COHORT"),
    leaf("cohort:heap", "includes_all", "COHORT", "OTHER_COHORT"),
    leaf("cohort:heap", "entered", "COHORT", 1),
    leaf("cohort:heap", "left", "COHORT", 0.5),
    leaf("cohort:heap", "in_more", "COHORT", 0),
    leaf("cohort:heap", "in_less", "COHORT", 3),
    leaf("user_list", "includes_any", "LIST"),
    leaf("user_list", "includes_none", "LIST"),
    leaf("segment", "includes_any", "SEGMENT"),
    leaf("segment", "includes_none", "SEGMENT"),
]
GROUPS = st.fixed_dictionaries(
    {
        "join": st.sampled_from(["all", "any"]),
        "filters": st.lists(st.sampled_from(LEAVES), max_size=3),
    }
)
TREES = st.fixed_dictionaries(
    {
        "join": st.sampled_from(["all", "any"]),
        "groups": st.lists(GROUPS, max_size=3),
        "exclusions": st.lists(GROUPS, max_size=2),
    }
)
PEOPLE = st.fixed_dictionaries(
    {
        "country": st.sampled_from(COUNTRIES),
        "custom": st.sampled_from(CUSTOM),
        "email": st.sampled_from(["", "a@example.com"]),
        "email_subscribe": st.sampled_from(["opted_in", "subscribed", "unsubscribed"]),
        "random_bucket": st.sampled_from([0, 4999, 5000, 9999]),
        "dob": st.sampled_from([None, datetime(1980, 2, 29, tzinfo=UTC).date()]),
    }
)
CHANGES = ["keep", "edit", "delete", "join", "leave", "list", "do", "undo", "rename", "alias"]
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(EventKind),
        st.sampled_from("ab"),
        st.sampled_from([0, 1, 2.9, 3.1, 500]),
        st.sampled_from([None, Decimal("1.5"), Decimal(-2)]),
        st.sampled_from([{}, {"n": 3}, {"n": "3"}]),
    ),
    max_size=4,
)


def did(profile: Profile, events: list[Any]) -> None:
    """Record drawn events of ``profile``."""
    record_events(
        profile.workspace,
        [
            NewEvent(profile.pk, kind, name, timezone.now() - timedelta(days), amount, known)
            for kind, name, days, amount, known in events
        ],
    )


def named(tree: Any, names: dict[str, str]) -> Any:
    """Put real ids where a drawn tree says COHORT, LIST or SEGMENT."""
    if isinstance(tree, dict):
        return {key: named(value, names) for key, value in tree.items()}
    if isinstance(tree, list):
        return [named(item, names) for item in tree]
    return names.get(tree, tree) if isinstance(tree, str) else tree


def by_bitmaps(workspace: Workspace, tree: dict[str, Any]) -> set[int]:
    with people_of(workspace) as people:
        return set(load_tree(tree).audience(people))


def by_sql(workspace: Workspace, tree: dict[str, Any]) -> set[int]:
    now = timezone.now().replace(second=0, microsecond=0)
    condition = load_tree(tree).condition(workspace, now)
    everyone = Query("select id from profiles_profile where workspace_id = %s", (workspace.pk,))
    with connection.cursor() as cursor:
        cursor.execute(f"{everyone.sql} and ({condition.sql})", everyone.params + condition.params)
        return {row[0] for row in cursor.fetchall()}


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tree=TREES, people=st.lists(PEOPLE, min_size=1, max_size=6), nested=TREES, data=st.data())
def test_bitmaps_agree_with_sql_before_and_after_changes(
    db: None, tree: Any, people: list[Any], nested: Any, data: st.DataObject
) -> None:
    workspace = WorkspaceFactory()
    cohort = CohortFactory(workspace=workspace)
    for known in people:
        did(ProfileFactory(workspace=workspace, **known), data.draw(EVENTS))
    without_segments = [leaf for leaf in LEAVES if leaf["filter"] != "segment"]
    nested["groups"] = [{"join": "any", "filters": [data.draw(st.sampled_from(without_segments))]}]
    user_list = UserListFactory(workspace=workspace)
    names = {"COHORT": str(cohort.pk), "LIST": str(user_list.pk)}
    names["OTHER_COHORT"] = str(CohortFactory(workspace=workspace).pk)
    segment = SegmentFactory(workspace=workspace, tree=named(nested | {"exclusions": []}, names))
    tree = named(tree, names | {"SEGMENT": str(segment.pk)})
    assert by_bitmaps(workspace, tree) == by_sql(workspace, tree)

    for profile in Profile.objects.in_workspace(workspace).order_by("pk"):
        match data.draw(st.sampled_from(CHANGES)):
            case "edit":
                Profile.objects.filter(pk=profile.pk).update(**data.draw(PEOPLE))
            case "delete":
                profile.delete()
            case "join" | "leave" as word:
                CohortMembership.objects.update_or_create(
                    cohort=cohort,
                    profile=profile,
                    defaults={
                        "active": word == "join",
                        "entered_at": timezone.now(),
                        "left_at": None if word == "join" else timezone.now(),
                    },
                )
            case "list":
                UserListMember.objects.create(user_list=user_list, profile=profile)
            case "do":
                did(profile, data.draw(EVENTS))
            case "undo":
                profile.events.filter(name=data.draw(st.sampled_from("ab"))).delete()
            case "rename":
                profile.events.filter(name="a").update(name="b")
            case "alias":
                AliasFactory(profile=profile)
    assert by_bitmaps(workspace, tree) == by_sql(workspace, tree)


def test_an_empty_tree_is_everyone(workspace: Workspace) -> None:
    people = [ProfileFactory(workspace=workspace).pk for _ in range(3)]
    assert by_bitmaps(workspace, {}) == set(people)


def test_people_of_another_workspace_are_never_in(workspace: Workspace) -> None:
    ProfileFactory(country="FR")
    tree = {"groups": [{"filters": [leaf("country", "none_of", "DE")]}]}
    assert by_bitmaps(workspace, tree) == set()


def test_a_cohort_of_another_workspace_is_empty(workspace: Workspace) -> None:
    foreign = CohortFactory()
    CohortMembership.objects.create(
        cohort=foreign,
        profile=ProfileFactory(workspace=foreign.workspace),
        active=True,
        entered_at=timezone.now(),
    )
    tree = {"groups": [{"filters": [leaf("cohort:heap", "includes_any", str(foreign.pk))]}]}
    assert by_bitmaps(workspace, tree) == set()


def test_a_segment_that_contains_itself_is_refused(workspace: Workspace) -> None:
    segment = SegmentFactory(workspace=workspace)
    segment.tree = {"groups": [{"filters": [leaf("segment", "includes_any", str(segment.pk))]}]}
    segment.save()
    with pytest.raises(InvalidTree), people_of(workspace) as people:
        people.segment(segment.pk)


def test_a_sample_is_drawn_from_the_audience(workspace: Workspace) -> None:
    people = [ProfileFactory(workspace=workspace) for _ in range(3)]
    with people_of(workspace) as snapshot:
        everyone = snapshot.everyone()
    assert sample(everyone, 5) == people


@pytest.mark.django_db(transaction=True)
def test_a_reader_sees_one_instant_while_others_write() -> None:
    workspace = SegmentFactory().workspace
    ProfileFactory(workspace=workspace, country="FR")
    tree = {"groups": [{"filters": [leaf("country", "equals", "FR")]}]}
    assert len(by_bitmaps(workspace, tree)) == 1
    with people_of(workspace) as people:
        before = len(people.everyone())
        in_another_connection(ProfileFactory, workspace=workspace, country="FR")
        assert len(by_bitmaps_of(people, tree)) == before
    assert len(by_bitmaps(workspace, tree)) == 2


@pytest.mark.django_db(transaction=True)
def test_an_edit_is_seen_whole_or_not_at_all() -> None:
    inner = SegmentFactory(tree=only("FR"))
    workspace = inner.workspace
    nesting = {"groups": [{"filters": [leaf("segment", "includes_any", str(inner.pk))]}]}
    outer = SegmentFactory(workspace=workspace, tree=nesting)
    for country in ("FR", "DE", "DE"):
        ProfileFactory(workspace=workspace, country=country)
    stop = Event()
    writer = Thread(target=edit_until, args=(stop, inner, outer, nesting))
    writer.start()
    seen = set()
    for _ in range(200):
        found = sizes(workspace, Segment.objects.in_workspace(workspace)).found
        seen.add((found[inner.pk], found[outer.pk]))
    stop.set()
    writer.join()
    assert seen == {(Size(1), Size(1)), (Size(2), Size(3))}


def edit_until(stop: Event, inner: Segment, outer: Segment, nesting: dict[str, Any]) -> None:
    """Save both segments again and again, each time in one transaction, between two states."""
    states = itertools.cycle([(only("DE"), {}), (only("FR"), nesting)])
    while not stop.is_set():
        with transaction.atomic():
            for segment, tree in zip((inner, outer), next(states), strict=True):
                Segment.objects.filter(pk=segment.pk).update(tree=tree)
                time.sleep(0.002)
    connection.close()


def only(country: str) -> dict[str, Any]:
    return {"groups": [{"filters": [leaf("country", "any_of", country)]}]}


def by_bitmaps_of(people: Any, tree: dict[str, Any]) -> Any:
    return load_tree(tree).audience(people)


def in_another_connection(work: Any, **arguments: Any) -> None:
    from threading import Thread

    def run() -> None:
        work(**arguments)
        connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()


def test_custom_attributes_are_offered_by_type(workspace: Workspace) -> None:
    from segments.filters.catalogue import Catalogue

    CustomAttribute.objects.create(workspace=workspace, name="plan", type=AttributeType.STRING)
    menu = dict(Catalogue(workspace).menu)
    assert menu["Custom attributes"] == [("custom_string:plan", "plan")]


@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        ("path_equals", ("city", "Paris"), 1),
        ("path_equals", ("geo.lat", "48.8"), 1),
        ("path_not_equals", ("city", "Paris"), 2),
        ("path_more", ("floor", 2), 1),
        ("path_less", ("floor", 3), 0),
        ("path_blank", ("geo.lat",), 2),
        ("blank", (), 1),
    ],
)
def test_nested_values_are_reached_by_a_path(
    workspace: Workspace, operator: str, value: tuple[Any, ...], found: int
) -> None:
    for custom in (CUSTOM[0], CUSTOM[-2], CUSTOM[-1]):
        ProfileFactory(workspace=workspace, custom=custom)
    asked = leaf("custom_object:address", operator, *value)
    assert len(by_bitmaps(workspace, {"groups": [{"filters": [asked]}]})) == found


def test_somebody_of_this_minute_was_created_less_than_a_day_ago(workspace: Workspace) -> None:
    person = ProfileFactory(workspace=workspace)
    recent = {"groups": [{"filters": [leaf("created_at", "less_ago", 1)]}]}
    assert by_bitmaps(workspace, recent) == {person.pk}


def test_a_row_that_carries_its_mark_can_be_saved_again(workspace: Workspace) -> None:
    person = Profile.objects.get(pk=ProfileFactory(workspace=workspace).pk)
    person.country = "FR"
    person.save()
    assert Profile.objects.filter(pk=person.pk, country="FR").exists()
