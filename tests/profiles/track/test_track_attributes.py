"""What is said of people: standard attributes, custom ones, and what belongs to them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.utils import timezone

from profiles.attributes import spelled
from profiles.models import CustomAttribute, Device, GroupSubscription, Profile, PushToken
from tests.worlds.factories import ProfileFactory, SubscriptionGroupFactory
from tests.worlds.track_calls import Tracker, tracker_of
from workspaces.models import Workspace


@pytest.fixture
def api(workspace: Workspace) -> Tracker:
    return tracker_of(workspace)


# Standard attributes


def test_standard_attributes_are_columns(api: Tracker) -> None:
    said = {
        "first_name": "Ann",
        "last_name": "Lee",
        "email": "ann@example.com",
        "phone": "+15551234567",
        "country": "fr",
        "language": "fr-FR",
        "home_city": "Paris",
        "time_zone": "Europe/Paris",
        "gender": "F",
        "image_url": "https://example.com/ann.png",
    }
    ann = api.say(**said)
    kept = {name: getattr(ann, name) for name in said}
    assert kept == said | {"country": "FR", "language": "fr"}
    assert api.say(dob="1988-02-14").dob == date(1988, 2, 14)
    assert ann.custom == {}


def test_null_empties_a_standard_attribute(api: Tracker) -> None:
    api.say(first_name="Ann", dob="1988-02-14", gender="F")
    ann = api.say(first_name=None, dob=None, gender=None)
    assert (ann.first_name, ann.dob, ann.gender) == ("", None, "")


def test_names_are_case_sensitive(api: Tracker) -> None:
    ann = api.say(First_Name="Ann")
    assert (ann.first_name, ann.custom) == ("", {"First_Name": "Ann"})


@pytest.mark.django_db(transaction=True)
def test_state_of_a_subscription_is_dated_when_it_changes(api: Tracker) -> None:
    ann = api.say(email_subscribe="subscribed")
    assert (ann.email_subscribe_at, ann.push_subscribe_at) == (None, None)
    before = timezone.now()
    ann = api.say(email_subscribe="opted_in")
    assert ann.email_subscribe_at is not None
    assert ann.email_subscribe_at >= before
    assert api.say(email_subscribe="opted_in").email_subscribe_at == ann.email_subscribe_at
    assert api.say(push_subscribe="unsubscribed").push_subscribe_at is not None


def test_location_is_kept_and_emptied(api: Tracker) -> None:
    ann = api.say(current_location={"longitude": -73.99, "latitude": 40.75, "altitude": 1})
    assert (ann.longitude, ann.latitude) == (-73.99, 40.75)
    ann = api.say(current_location=None)
    assert (ann.longitude, ann.latitude) == (None, None)


def test_what_braze_takes_and_drops_is_dropped(api: Tracker) -> None:
    ann = api.say(facebook={"id": "1"}, twitter={"id": 2}, bio="Hi", app_id="web", _flag=1)
    assert ann.custom == {}


# Custom attributes


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (True, True),
        (7, 7),
        (2.5, 2.5),
        ("été 🎿", "été 🎿"),
        ("2019-02-15T00:00:00Z", "2019-02-15T00:00:00Z"),
        ("2019-02-15T00:00:00-05:00", "2019-02-15T05:00:00Z"),
        ("2019-02-15 00:00:00 -0500", "2019-02-15T05:00:00Z"),
        ("2013-07-16T19:20:30:123+0100", "2013-07-16T18:20:30Z"),
        (["a", "b", "a"], ["b", "a"]),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 2}]}}),
        ({"a": {"$time": "1980-01-01T19:20:30+01:00"}}, {"a": "1980-01-01T18:20:30Z"}),
        ([{"id": 1}, {"id": 2}], [{"id": 1}, {"id": 2}]),
        ({"inc": 5}, 5),
        ({"add": [1]}, [1]),
        ({"remove": [1]}, []),
    ],
)
def test_custom_attribute_keeps_its_type(api: Tracker, sent: Any, kept: Any) -> None:
    value = api.say(x=sent).custom["x"]
    assert (type(value), value) == (type(kept), kept)


@pytest.mark.parametrize(
    ("before", "sent", "after"),
    [
        (5, {"inc": 2}, 7),
        (5, {"inc": -7}, -2),
        (2.5, {"inc": 1}, 3.5),
        (1, True, True),
        ([1, 2], {"add": [1, 3]}, [2, 1, 3]),
        ([1, 2], {"remove": [1, 9]}, [2]),
        ([1, 2], {"add": [3], "remove": [1]}, [2, 3]),
        ([1, True], {"remove": [True]}, [1]),
        ([{"b": 1, "a": 2}], {"add": [{"b": 1, "a": 2}]}, [{"a": 2, "b": 1}]),
        ({"a": 1, "b": {"c": 2}}, {"b": {"d": 3}}, {"b": {"d": 3}}),
        ([{"id": 1}], {"$add": [{"id": 2}]}, [{"id": 1}, {"id": 2}]),
        (
            [{"id": 1, "a": 1}, {"id": 2}],
            {"$remove": [{"$identifier_key": "id", "$identifier_value": 1}]},
            [{"id": 2}],
        ),
        (
            [{"id": 1, "a": 1}],
            {
                "$update": [
                    {
                        "$identifier_key": "id",
                        "$identifier_value": 1,
                        "$new_object": {"id": 1, "b": 2},
                    }
                ]
            },
            [{"id": 1, "b": 2}],
        ),
    ],
)
def test_edit_of_a_custom_attribute(api: Tracker, before: Any, sent: Any, after: Any) -> None:
    api.say(x=before)
    value = api.say(x=sent).custom["x"]
    assert spelled(value) == spelled(after)


def test_null_takes_a_custom_attribute_away(api: Tracker) -> None:
    api.say(x=1, y=2)
    assert api.say(x=None, z=None).custom == {"y": 2}


def test_objects_are_merged_at_every_depth(api: Tracker) -> None:
    api.say(song={"name": "Solea", "plays": {"count": 1000, "top": True}})
    ann = api.say(_merge_objects=True, song={"year": 1960, "plays": {"count": 1001}})
    assert ann.custom["song"] == {
        "name": "Solea",
        "year": 1960,
        "plays": {"count": 1001, "top": True},
    }


def test_objects_of_an_array_are_merged(api: Tracker) -> None:
    api.say(pets=[{"id": 4, "type": "fish", "breed": "salmon"}, {"id": 5}])
    change = {
        "$identifier_key": "id",
        "$identifier_value": 4,
        "$new_object": {"breed": "goldfish"},
    }
    ann = api.say(_merge_objects=True, pets={"$update": [change]})
    assert ann.custom["pets"] == [{"id": 4, "type": "fish", "breed": "goldfish"}, {"id": 5}]


def test_longest_array_keeps_its_newest_500(api: Tracker) -> None:
    api.say(x=list(range(500)))
    assert api.say(x={"add": [500]}).custom["x"] == list(range(1, 501))


def test_names_are_registered_with_the_type_seen_first(api: Tracker) -> None:
    api.say(a=1, b="x", c=None)
    api.say(a="one", d={"add": [1]}, e="2019-02-15T00:00:00Z")
    assert list(CustomAttribute.objects.values_list("name", "type")) == [
        ("a", "number"),
        ("b", "string"),
        ("d", "array"),
        ("e", "time"),
    ]


def test_last_word_on_a_person_wins(api: Tracker) -> None:
    items: list[dict[str, Any]] = [
        {"external_id": "ann", "first_name": "A", "n": {"inc": 1}, "x": 1},
        {"external_id": "bob", "first_name": "B"},
        {"external_id": "ann", "first_name": "Ann", "n": {"inc": 2}, "x": None},
    ]
    assert api.track(attributes=items)["attributes_processed"] == 3
    assert (api.person().first_name, api.person().custom) == ("Ann", {"n": 3})


@pytest.mark.django_db(transaction=True)
def test_repeated_call_writes_nothing(api: Tracker) -> None:
    said = {"first_name": "Ann", "x": {"b": [1], "a": 2}, "home_city": "Paris"}
    before = api.say(**said).changed
    assert api.say(**said).changed == before
    assert api.say(x={"b": [1], "a": 3}).changed > before


# What belongs to people


def test_push_tokens_belong_to_whom_they_were_said_of_last(api: Tracker) -> None:
    api.say("ann", push_tokens=[{"app_id": "web", "token": "t1", "device_id": "d1"}])
    api.say("bob", push_tokens=[{"app_id": "web", "token": "t1"}, {"app_id": "ios", "token": "t2"}])
    assert list(PushToken.objects.order_by("token").values_list("token", "device_id")) == [
        ("t1", "d1"),
        ("t2", ""),
    ]
    assert {token.profile for token in PushToken.objects.all()} == {api.person("bob")}
    assert Device.objects.get().profile == api.person("ann")


def test_imported_push_tokens_make_a_person_each(api: Tracker) -> None:
    api.say("ann", push_tokens=[{"app_id": "web", "token": "known"}])
    tokens = [{"app_id": "web", "token": token} for token in ("known", "new", "newer")]
    answer = api.track(attributes=[{"push_token_import": True, "push_tokens": tokens, "x": 1}])
    assert answer["attributes_processed"] == 1
    new = Profile.objects.anonymous().order_by("pk")
    assert sorted(token.token for person in new for token in person.push_tokens.all()) == [
        "new",
        "newer",
    ]
    assert [person.custom for person in new] == [{"x": 1}, {"x": 1}]
    assert api.person("ann").custom == {}


@pytest.mark.django_db(transaction=True)
def test_groups_are_joined_and_left(api: Tracker) -> None:
    group = SubscriptionGroupFactory(workspace=api.workspace)
    for state in ("subscribed", "unsubscribed"):
        said = [{"subscription_group_id": str(group.pk), "subscription_state": state}]
        ann = api.say(subscription_groups=said)
        held = GroupSubscription.objects.get()
        assert (held.profile, held.subscribed) == (ann, state == "subscribed")
    mark = held.changed
    api.say(subscription_groups=said)
    assert GroupSubscription.objects.get().changed == mark


def test_group_reaches_all_who_share_the_address(api: Tracker) -> None:
    group = SubscriptionGroupFactory(workspace=api.workspace)
    for external_id, email in (("bob", "x@example.com"), ("eve", "y@example.com")):
        ProfileFactory(workspace=api.workspace, external_id=external_id, email=email)
    ProfileFactory(email="x@example.com")
    said = [{"subscription_group_id": str(group.pk), "subscription_state": "subscribed"}]
    api.say(email="x@example.com", subscription_groups=said)
    held = GroupSubscription.objects.values_list("profile__external_id", flat=True)
    assert sorted(held) == ["ann", "bob"]


def test_group_of_another_workspace_is_refused_and_makes_nobody(api: Tracker) -> None:
    group = SubscriptionGroupFactory()
    said = [{"subscription_group_id": str(group.pk), "subscription_state": "subscribed"}]
    reason = api.refused(external_id="ann", subscription_groups=said)
    assert reason == "'subscription_groups' names a group that does not exist"
    assert not Profile.objects.in_workspace(api.workspace).exists()


def test_item_that_imports_many_tokens_is_refused_once(api: Tracker) -> None:
    tokens = [{"app_id": "web", "token": token} for token in ("new", "newer")]
    group = str(SubscriptionGroupFactory().pk)
    said = [{"subscription_group_id": group, "subscription_state": "subscribed"}]
    api.refused(push_token_import=True, push_tokens=tokens, subscription_groups=said)
    assert not Profile.objects.in_workspace(api.workspace).exists()


def test_spam_mark_is_a_time(api: Tracker) -> None:
    marked = api.say(marked_email_as_spam_at="2019-02-15 00:00:00 -0500").email_marked_spam_at
    assert marked == datetime(2019, 2, 15, 5, tzinfo=UTC)
