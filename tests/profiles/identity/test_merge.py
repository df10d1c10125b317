"""Two people become one: what is kept, what moves, what is gone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cohorts.models import CohortMembership
from profiles.events import NewEvent, record_events
from profiles.identity import merging
from profiles.models import (
    Alias,
    Device,
    EventKind,
    EventTotal,
    GroupSubscription,
    Merge,
    Profile,
    PushToken,
    SubscriptionGroup,
    Trace,
)
from profiles.tasks import drop_traces
from segments.audiences.people import people_of
from tests.segments.audiences.test_segment_audiences import in_another_connection
from tests.worlds.factories import AliasFactory, DeviceFactory, ProfileFactory
from tests.worlds.merged_world import World
from tests.worlds.partner_calls import PartnerCaller, add, members
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)


@pytest.fixture
def world(workspace: Workspace) -> World:
    return World(workspace)


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace)


def merge(merged: Profile, kept: Profile) -> Profile:
    """Merge the two; return the person kept as they are then."""
    merging.merge(kept.workspace, merged=merged.pk, kept=kept.pk)
    assert not Profile.objects.filter(pk=merged.pk).exists()
    kept.refresh_from_db()
    return kept


# What is known of them


@pytest.mark.parametrize(
    ("merged", "kept", "expected"),
    [
        ({"first_name": "A."}, {"first_name": "Ada"}, {"first_name": "Ada"}),
        ({"country": "GB"}, {}, {"country": "GB"}),
        ({"dob": MONDAY.date()}, {}, {"dob": MONDAY.date()}),
        ({}, {"phone": "+1555"}, {"phone": "+1555"}),
        ({"longitude": 2.3, "latitude": 48.8}, {}, {"longitude": 2.3, "latitude": 48.8}),
        (
            {"longitude": 2.3, "latitude": 48.8},
            {"longitude": 0.0, "latitude": 0.0},
            {"longitude": 0.0, "latitude": 0.0},
        ),
        (
            {"custom": {"plan": "free", "visits": 3}},
            {"custom": {"plan": "pro"}},
            {"custom": {"plan": "pro", "visits": 3}},
        ),
        # Nobody who unsubscribed is subscribed again by having never said so elsewhere.
        (
            {"email_subscribe": "unsubscribed", "email_subscribe_at": MONDAY},
            {},
            {"email_subscribe": "unsubscribed", "email_subscribe_at": MONDAY},
        ),
        (
            {"email_subscribe": "unsubscribed", "email_subscribe_at": MONDAY},
            {"email_subscribe": "subscribed", "email_subscribe_at": TUESDAY},
            {"email_subscribe": "subscribed", "email_subscribe_at": TUESDAY},
        ),
        ({"push_subscribe": "opted_in"}, {}, {"push_subscribe": "opted_in"}),
        # A bounce goes with the address.
        (
            {"email": "a@b.c", "email_hard_bounced_at": MONDAY},
            {},
            {"email": "a@b.c", "email_hard_bounced_at": MONDAY},
        ),
        (
            {"email": "a@b.c", "email_marked_spam_at": MONDAY},
            {"email": "A@b.c", "email_marked_spam_at": TUESDAY},
            {"email": "A@b.c", "email_marked_spam_at": TUESDAY},
        ),
        (
            {"email": "a@b.c", "email_hard_bounced_at": MONDAY},
            {"email": "d@e.f"},
            {"email": "d@e.f", "email_hard_bounced_at": None},
        ),
        ({"external_id": "ada"}, {"external_id": None}, {"external_id": "ada"}),
        ({"external_id": "ada"}, {"external_id": "bob"}, {"external_id": "bob"}),
        ({"external_id": None}, {"external_id": "bob"}, {"external_id": "bob"}),
        ({"random_bucket": 1}, {"random_bucket": 2}, {"random_bucket": 2}),
    ],
)
def test_what_the_person_kept_lacks_is_filled_in(
    workspace: Workspace, merged: dict[str, Any], kept: dict[str, Any], expected: dict[str, Any]
) -> None:
    person = merge(
        ProfileFactory(workspace=workspace, **merged), ProfileFactory(workspace=workspace, **kept)
    )
    assert {column: getattr(person, column) for column in expected} == expected


def test_aliases_devices_and_tokens_move(workspace: Workspace) -> None:
    kept, merged = ProfileFactory(workspace=workspace), ProfileFactory(workspace=workspace)
    AliasFactory(profile=kept, label="crm", name="1")
    AliasFactory(profile=merged, label="crm", name="2")
    AliasFactory(profile=merged, label="shop", name="3")
    DeviceFactory(profile=merged, device_id="d")
    PushToken.objects.create(profile=merged, workspace=workspace, app_id="a", token="t")
    merge(merged, kept)
    assert set(Alias.objects.values_list("name", "profile")) == {("1", kept.pk), ("3", kept.pk)}
    assert Device.objects.get().profile == PushToken.objects.get().profile == kept


def test_own_subscription_to_a_group_is_kept(workspace: Workspace) -> None:
    kept, merged = ProfileFactory(workspace=workspace), ProfileFactory(workspace=workspace)
    groups = [SubscriptionGroup.objects.create(workspace=workspace, name=n) for n in "ab"]
    for person, group, subscribed in (
        (kept, groups[0], False),
        (merged, groups[0], True),
        (merged, groups[1], True),
    ):
        GroupSubscription.objects.create(
            profile=person, group=group, workspace=workspace, subscribed=subscribed
        )
    merge(merged, kept)
    states = GroupSubscription.objects.order_by("group__name").values_list("profile", "subscribed")
    assert list(states) == [(kept.pk, False), (kept.pk, True)]


def test_totals_add_up_with_the_earliest_and_the_latest(workspace: Workspace) -> None:
    kept, merged = ProfileFactory(workspace=workspace), ProfileFactory(workspace=workspace)
    bought = [
        (merged, "sku", MONDAY, "1.5"),
        (kept, "sku", TUESDAY, "2"),
        (merged, "sku", WEDNESDAY, "3"),
        (merged, "other", TUESDAY, "4"),
    ]
    record_events(
        workspace,
        [
            NewEvent(person.pk, EventKind.PURCHASE, name, at, Decimal(amount))
            for person, name, at, amount in bought
        ],
    )
    merge(merged, kept)
    totals = EventTotal.objects.filter(profile=kept).order_by("name")
    assert list(totals.values_list("name", "count", "spent", "first_at", "last_at")) == [
        ("other", 1, 4, TUESDAY, TUESDAY),
        ("sku", 3, Decimal("6.5"), MONDAY, WEDNESDAY),
    ]
    assert EventTotal.objects.count() == 2


# Where they are


@pytest.mark.parametrize(
    ("merged", "kept", "expected"),
    [
        ((MONDAY, None), None, (True, MONDAY, None)),
        ((MONDAY, None), (TUESDAY, None), (True, TUESDAY, None)),
        ((MONDAY, None), (MONDAY, TUESDAY), (True, MONDAY, None)),
        ((WEDNESDAY, None), (MONDAY, TUESDAY), (True, WEDNESDAY, None)),
        ((MONDAY, TUESDAY), (MONDAY, None), (True, MONDAY, None)),
        ((MONDAY, TUESDAY), None, (False, MONDAY, TUESDAY)),
        ((TUESDAY, WEDNESDAY), (MONDAY, TUESDAY), (False, MONDAY, TUESDAY)),
        (None, (MONDAY, None), (True, MONDAY, None)),
    ],
)
def test_who_was_in_a_cohort_is_in_it(
    world: World, merged: Any, kept: Any, expected: tuple[bool, datetime, datetime | None]
) -> None:
    people = world.person("merged"), world.person("kept")
    for person, times in zip(people, (merged, kept), strict=True):
        if times:
            world.enter(person, *times)
    merge(*people)
    member = CohortMembership.objects.get()
    assert member.profile == people[1]
    assert (member.active, member.entered_at, member.left_at) == expected


def test_who_was_on_a_list_is_on_it(world: World) -> None:
    kept, merged = world.person("kept"), world.person("merged")
    world.user_list.members.create(profile=merged)
    merge(merged, kept)
    assert world.user_list.members.get().profile == kept
    other = world.frenchwoman("other")
    merge(other, kept)
    assert world.user_list.members.get().profile == kept


def test_person_who_is_identified_stays_in_the_cohort(heap: PartnerCaller) -> None:
    caller = rest_caller(heap.workspace)
    AliasFactory(
        profile__workspace=heap.workspace, profile__external_id=None, label="crm", name="17"
    )
    alias = {"alias_label": "crm", "alias_name": "17"}
    heap.users(add(aliases=[alias]))
    identified = [{"external_id": "ada", "user_alias": alias}]
    caller.post("/users/identify", {"aliases_to_identify": identified})
    assert members() == {"ada"}


@pytest.mark.django_db(transaction=True)
def test_warm_audiences_have_the_person_kept_at_once(world: World) -> None:
    merged, kept = world.frenchwoman(None), world.person("kept")
    others = {"everyone": {merged.pk, kept.pk}, "identified": {kept.pk}}
    before = dict.fromkeys(world.trees, {merged.pk}) | others
    assert world.audiences() == before
    with people_of(world.workspace) as people:
        people.everyone()
        in_another_connection(
            merging.merge, workspace=world.workspace, merged=merged.pk, kept=kept.pk
        )
        # Somebody who began to read before sees neither gone and nobody twice.
        assert world.audiences(people) == before
    assert world.audiences() == dict.fromkeys(world.trees, {kept.pk})


# When nothing is merged


def test_person_is_not_merged_into_themselves(world: World) -> None:
    person = world.frenchwoman("ada")
    with pytest.raises(merging.NotMerged):
        merging.merge(world.workspace, merged=person.pk, kept=person.pk)
    assert world.audiences() == dict.fromkeys(world.trees, {person.pk})


def test_people_of_two_workspaces_are_not_merged(world: World) -> None:
    own, foreign = world.person("own"), ProfileFactory()
    for merged, kept in ((own, foreign), (foreign, own)):
        with pytest.raises(merging.NotMerged):
            merging.merge(world.workspace, merged=merged.pk, kept=kept.pk)
    assert Profile.objects.count() == 2


def test_merges_are_forgotten_with_the_traces(world: World) -> None:
    merge(world.person("old"), kept := world.person("kept"))
    for model in (Merge, Trace):
        model.objects.update(at=timezone.now() - timedelta(days=9))
    merge(new := world.person("new"), kept)
    drop_traces(0)
    assert Merge.objects.get().merged_id == Trace.objects.get().profile_id == new.pk


# The call


def identifier(sent: Any) -> Any:
    return {"external_id": sent} if isinstance(sent, str) else sent


def call(caller: RestCaller, *pairs: tuple[Any, Any]) -> Any:
    updates = [
        {"identifier_to_merge": identifier(one), "identifier_to_keep": identifier(other)}
        for one, other in pairs
    ]
    answer = caller.post("/users/merge", {"merge_updates": updates})
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    "merged",
    [
        "merged",
        {"user_alias": {"alias_label": "crm", "alias_name": "17"}},
        {"email": "ADA@example.com", "prioritization": ["identified"]},
        {"phone": "+1555", "prioritization": ["least_recently_updated"]},
        {"external_id": "merged", "user_alias": None},
    ],
)
def test_people_are_merged_by_any_identifier(caller: RestCaller, merged: Any) -> None:
    kept = ProfileFactory(workspace=caller.workspace, external_id="kept", email="ada@example.org")
    AliasFactory(
        profile__workspace=caller.workspace,
        profile__external_id="merged",
        profile__email="ada@example.com",
        profile__phone="+1555",
        label="crm",
        name="17",
    )
    assert call(caller, (merged, "kept")) == (202, {"message": "success"})
    assert Profile.objects.get() == kept


def test_pairs_that_cannot_be_merged_are_told(caller: RestCaller) -> None:
    for external_id in ("a", "b", "c"):
        ProfileFactory(workspace=caller.workspace, external_id=external_id)
    status, answer = call(caller, ("a", "b"), ("b", "a"), ("c", "c"), ("x", "c"), ("c", "b"))
    assert status == 202
    assert [(error["index"], error["type"]) for error in answer["errors"]] == [
        (1, "no one user is found by identifier_to_keep"),
        (2, "both identifiers name the same user"),
        (3, "no one user is found by identifier_to_merge"),
    ]
    assert {error["input_array"] for error in answer["errors"]} == {"merge_updates"}
    assert Profile.objects.get().external_id == "b"


NO_OBJECTS = "'merge_updates' must be an array of objects"
OTHER_KEYS = "'merge_updates' must only have 'identifier_to_merge' and 'identifier_to_keep'"
NO_IDENTIFIER = (
    "identifiers must be objects with an 'external_id' property that is a string, 'user_alias' "
    "property that is an object, 'email' property that is a string, or 'phone' property that is a "
    "string"
)
NO_PRIORITIZATION = (
    "'prioritization' must be an array of 'most_recently_updated', 'least_recently_updated', and "
    "either 'identified' or 'unidentified'"
)
A = {"external_id": "a"}


@pytest.mark.parametrize(
    ("updates", "message"),
    [
        (None, NO_OBJECTS),
        ({}, NO_OBJECTS),
        (["a"], NO_OBJECTS),
        ([{}] * 51, "a single request may not contain more than 50 merge updates"),
        ([{}], OTHER_KEYS),
        ([{"identifier_to_merge": A}], OTHER_KEYS),
        ([{"identifier_to_merge": A, "identifier_to_keep": A, "more": 1}], OTHER_KEYS),
        *(
            ([{"identifier_to_merge": A, "identifier_to_keep": wrong}], NO_IDENTIFIER)
            for wrong in (
                "a",
                {},
                {"external_id": 1},
                {"external_id": ""},
                {"external_id": "a\0"},
                {"external_id": "\ud800"},
                {"braze_id": "a"},
                {"user_alias": "a"},
                {"user_alias": {"alias_name": "a"}},
                A | {"email": "a@b.c"},
            )
        ),
        (
            [{"identifier_to_merge": {"email": "a@b.c"}, "identifier_to_keep": A}],
            NO_PRIORITIZATION,
        ),
    ],
)
def test_call_of_another_shape_is_refused_whole(
    caller: RestCaller, updates: Any, message: str
) -> None:
    answer = caller.post("/users/merge", {"merge_updates": updates})
    assert (answer.status_code, answer.json()) == (400, {"message": message})


def test_merge_takes_as_many_statements_whatever_moves(world: World) -> None:
    def statements(merged: Profile) -> int:
        kept = world.person(None)
        with CaptureQueriesContext(connection) as queries:
            merging.merge(world.workspace, merged=merged.pk, kept=kept.pk)
        return len(queries)

    assert statements(world.frenchwoman("b")) == statements(world.person("a"))
