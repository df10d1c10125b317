"""The calls about e-mail addresses and subscription groups."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from profiles.models import GroupChannel, GroupSubscription, Profile, SubscriptionGroup
from profiles.subscriptions.states import named, set_group_state
from segments.audiences.people import people_of
from segments.filters.judging import checked_leaf
from tests.worlds.factories import ProfileFactory, SubscriptionGroupFactory, WorkspaceFactory
from tests.worlds.rest_callers import rest_caller
from workspaces.api_keys.keys import generate_api_key
from workspaces.models import Workspace
from workspaces.permissions import all_permissions

type Answer = tuple[int, Any]


class Caller:
    def __init__(self, workspace: Workspace) -> None:
        _, secret = generate_api_key(workspace, name="All", permissions=all_permissions())
        self.client = Client(headers={"Authorization": f"Bearer {secret}"})

    def post(self, path: str, body: Any) -> Answer:
        answer = self.client.post(path, body, "application/json")
        return answer.status_code, answer.json()

    def get(self, path: str, **asked: Any) -> Answer:
        answer = self.client.get(path, asked)
        return answer.status_code, answer.json()


@pytest.fixture
def caller(workspace: Workspace) -> Caller:
    return Caller(workspace)


@pytest.fixture
def news(workspace: Workspace) -> SubscriptionGroup:
    return SubscriptionGroupFactory(workspace=workspace, name="News")


@pytest.fixture
def ann(workspace: Workspace) -> Profile:
    return ProfileFactory(
        workspace=workspace, external_id="ann", email="ann@example.com", phone="+15551234567"
    )


DONE = (201, {"message": "success"})


def test_an_address_is_unsubscribed_and_listed(caller: Caller, ann: Profile) -> None:
    stranger = ProfileFactory(email="ann@example.com")
    body = {"email": ["ANN@example.com"], "subscription_state": "unsubscribed"}
    assert caller.post("/email/status", body) == DONE
    ann.refresh_from_db()
    stranger.refresh_from_db()
    assert (ann.email_subscribe, stranger.email_subscribe) == ("unsubscribed", "subscribed")
    said = {
        "email": "ann@example.com",
        "unsubscribed_at": ann.email_subscribe_at.strftime("%Y-%m-%d %H:%M:%S +0000"),
    }
    days = {"start_date": "2000-01-01", "end_date": "2100-01-01"}
    for asked in (days, {"email": "Ann@Example.com", "end_date": "2000-01-01"}):
        answer = caller.get("/email/unsubscribes", **asked)
        assert answer == (200, {"emails": [said], "message": "success"})


def test_saying_it_again_keeps_the_time(caller: Caller, ann: Profile) -> None:
    body = {"email": "ann@example.com", "subscription_state": "opted_in"}
    caller.post("/email/status", body)
    first = Profile.objects.get(pk=ann.pk).email_subscribe_at
    assert caller.post("/email/status", body) == DONE
    assert Profile.objects.get(pk=ann.pk).email_subscribe_at == first


@pytest.mark.parametrize(
    ("sort", "offset", "emails"), [("asc", 0, "abc"), ("desc", 0, "cba"), ("asc", 1, "bc")]
)
def test_bounces_are_listed_by_time(
    caller: Caller, workspace: Workspace, sort: str, offset: int, emails: str
) -> None:
    for day, name in enumerate("abc", 1):
        at = datetime(2026, 5, day, tzinfo=UTC)
        ProfileFactory(workspace=workspace, email=f"{name}@example.com", email_hard_bounced_at=at)
    asked = {"start_date": "2026-05-01", "end_date": "2026-05-03", "offset": offset}
    _, said = caller.get("/email/hard_bounces", **asked, sort_direction=sort)
    assert [row["email"][0] for row in said["emails"]] == list(emails)
    assert said["emails"][0]["hard_bounced_at"].endswith("T00:00:00Z")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "`end_date` and either `start_date` or `email` must be provided"),
        ({"start_date": "2026-02-30", "end_date": "2026-03-01"}, "`start_date` must be a date"),
        ({"start_date": "2026-03-02", "end_date": "2026-03-01"}, "`start_date` must be earlier"),
        ({"email": "a@example.com", "limit": 501}, "`limit` must be a number from 1 to 500"),
        ({"email": "a@example.com", "offset": -1}, "`offset` must be a number from 0"),
    ],
)
def test_a_stretch_of_days_must_make_sense(
    caller: Caller, asked: dict[str, Any], message: str
) -> None:
    status, said = caller.get("/email/unsubscribes", **asked)
    assert (status, said["message"][: len(message)]) == (400, message)


@pytest.mark.parametrize(
    "whom", [{"external_id": "ann"}, {"external_id": ["ann"]}, {"email": "ann@example.com"}]
)
def test_a_user_joins_and_leaves_a_group(
    caller: Caller, ann: Profile, news: SubscriptionGroup, whom: dict[str, Any]
) -> None:
    group = {"subscription_group_id": str(news.pk)}
    asked = group | {"external_id[]": ["ann", "nobody"]}
    for state, said in (("subscribed", "Subscribed"), ("unsubscribed", "Unsubscribed")):
        body = group | whom | {"subscription_state": state}
        assert caller.post("/subscription/status/set", body) == DONE
        status = {"status": {"ann": said, "nobody": "Unknown"}, "message": "success"}
        assert caller.get("/subscription/status/get", **asked) == (200, status)


def test_numbers_join_a_group_of_texts(
    caller: Caller, ann: Profile, workspace: Workspace, news: SubscriptionGroup
) -> None:
    texts = SubscriptionGroupFactory(workspace=workspace, name="Texts", channel=GroupChannel.SMS)
    change = {"subscription_state": "subscribed", "phones": ["+15551234567"]}
    changes = [change | {"subscription_group_id": str(texts.pk)}]
    body = {"subscription_groups": changes}
    assert caller.post("/v2/subscription/status/set", body) == DONE
    _, said = caller.get("/subscription/user/status", phone="+15551234567")
    joined = {"id": str(texts.pk), "name": "Texts", "channel": "sms", "status": "subscribed"}
    assert said == {
        "users": [
            {
                "external_id": "ann",
                "email": "ann@example.com",
                "phone": "+15551234567",
                "subscription_groups": [joined],
            }
        ],
        "total_count": 1,
        "message": "success",
    }
    refused = {"subscription_groups": [change | {"subscription_group_id": str(news.pk)}]}
    status, said = caller.post("/v2/subscription/status/set", refused)
    assert (status, said["message"][:13]) == (400, "Phone numbers")


def test_nothing_is_applied_if_a_group_is_missing(
    caller: Caller, ann: Profile, news: SubscriptionGroup
) -> None:
    elsewhere = SubscriptionGroupFactory(workspace=WorkspaceFactory())
    changes = [
        {
            "subscription_group_id": str(pk),
            "subscription_state": "subscribed",
            "external_ids": ["ann"],
        }
        for pk in (news.pk, elsewhere.pk)
    ]
    answer = caller.post("/v2/subscription/status/set", {"subscription_groups": changes})
    message = "`subscription_group_id` must be the id of a subscription group"
    assert answer == (400, {"message": message})
    assert not GroupSubscription.objects.exists()


GROUP = {"subscription_group_id": str(uuid4()), "subscription_state": "subscribed"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/email/status", []),
        ("/email/status", {}),
        ("/email/status", {"email": 5, "subscription_state": "subscribed"}),
        ("/email/status", {"email": "a\0", "subscription_state": "subscribed"}),
        ("/email/status", {"email": ["a"] * 51, "subscription_state": "subscribed"}),
        ("/email/status", {"email": "a@example.com", "subscription_state": ["x"]}),
        ("/subscription/status/set", GROUP),
        ("/subscription/status/set", GROUP | {"external_id": "\ud800"}),
        ("/subscription/status/set", GROUP | {"subscription_group_id": 7, "email": "a"}),
        ("/subscription/status/set", GROUP | {"email": "a", "phone": "1"}),
        ("/v2/subscription/status/set", {"subscription_groups": {}}),
        ("/v2/subscription/status/set", {"subscription_groups": [1]}),
        ("/v2/subscription/status/set", {"subscription_groups": [GROUP] * 51}),
    ],
)
def test_bad_bodies_are_refused(caller: Caller, path: str, body: Any) -> None:
    status, said = caller.post(path, body)
    assert (status, list(said)) == (400, ["message"])


def test_email_and_phone_together_are_refused_as_documented(caller: Caller) -> None:
    body = GROUP | {"email": "a@example.com", "phone": "+15551234567"}
    message = "Either an email address or a phone number should be provided, but not both."
    assert caller.post("/subscription/status/set", body) == (400, {"message": message})


@pytest.mark.parametrize("count", [1, 3])
def test_users_are_listed_by_the_same_queries(
    caller: Caller, workspace: Workspace, news: SubscriptionGroup, count: int, request: Any
) -> None:
    for _ in range(count):
        ProfileFactory(workspace=workspace, email="a@example.com")
    set_group_state(news, named(workspace, emails=["a@example.com"]), subscribed=True)
    caller.get("/subscription/user/status", email="a@example.com")
    with request.getfixturevalue("django_assert_num_queries")(5):
        _, said = caller.get("/subscription/user/status", email="a@example.com")
    assert len(said["users"]) == said["total_count"] == count


def test_segments_follow_subscriptions_at_once(
    caller: Caller, ann: Profile, news: SubscriptionGroup, workspace: Workspace
) -> None:
    def sizes() -> list[int]:
        with people_of(workspace) as people:
            return [
                len(
                    checked_leaf(
                        {"filter": "subscription_group", "operator": name, "value": [str(news.pk)]}
                    ).audience(people)
                )
                for name in ("subscribed", "not_subscribed", "unsubscribed")
            ]

    assert sizes() == [0, 1, 0]
    set_group_state(news, named(workspace, external_ids=["ann"]), subscribed=True)
    assert sizes() == [1, 0, 0]
    set_group_state(news, named(workspace, external_ids=["ann"]), subscribed=False)
    assert sizes() == [0, 1, 1]
    ann.group_subscriptions.all().delete()
    assert sizes() == [0, 1, 0]


def test_plus_of_a_number_may_be_sent_as_it_is(workspace: Workspace) -> None:
    ProfileFactory(workspace=workspace, phone="+15551234567")
    answer = rest_caller(workspace).get("/subscription/user/status?phone=+15551234567")
    assert answer.json()["total_count"] == 1
