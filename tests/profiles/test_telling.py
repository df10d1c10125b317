"""Every door tells the listeners of the register what changed about people."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.test import Client

from profiles import people_listeners, telling
from profiles.models import Profile, SubscriptionGroup
from profiles.streaming import EventStreams
from profiles.telling import Identities, News, Source
from tests.worlds.csv_uploads import imported
from tests.worlds.factories import ProfileFactory, SubscriptionGroupFactory
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import Workspace

EVENT = {"external_id": "ann", "name": "Signed up", "time": "2026-02-15T09:00:00Z"}


class Curious:
    """A listener that wants everything, and remembers it."""

    def __init__(self) -> None:
        self.heard: list[tuple[Source, News, Identities]] = []

    def concerns(self, news: News) -> bool:
        return True

    def listen(self, workspace: Workspace) -> "Curious":
        return self

    def wants(self, columns: Iterable[str]) -> bool:
        return True

    def hear(self, news: News, *, source: Source, people: Identities) -> None:
        self.heard.append((source, news, people))


@pytest.fixture
def curious(monkeypatch: pytest.MonkeyPatch) -> Curious:
    listener = Curious()
    monkeypatch.setattr(telling, "LISTENERS", [*telling.LISTENERS, listener])
    return listener


@pytest.fixture
def ann(workspace: Workspace) -> Profile:
    return ProfileFactory(workspace=workspace, external_id="ann", email="ann@example.com")


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace)


@pytest.fixture
def group(workspace: Workspace) -> SubscriptionGroup:
    return SubscriptionGroupFactory(workspace=workspace)


def test_the_event_streams_are_found_at_start_up() -> None:
    assert people_listeners.__name__ == "profiles.people_listeners"
    assert [type(listener) for listener in telling.LISTENERS] == [EventStreams]


def test_track_tells_attributes_events_and_who_did_them(
    curious: Curious, ann: Profile, caller: RestCaller, group: SubscriptionGroup
) -> None:
    joined = {"subscription_group_id": str(group.pk), "subscription_state": "subscribed"}
    said = {"external_id": "ann", "first_name": "Ann", "subscription_groups": [joined]}
    caller.post("/users/track", {"attributes": [said], "events": [EVENT]})
    [(source, news, people)] = curious.heard
    assert source == Source.REST_API
    assert [event.name for event in news.events] == ["Signed up"]
    assert news.columns == {ann.pk: {"first_name": "Ann"}}
    assert news.groups == {(group.pk, ann.pk): True}
    assert people == {ann.pk: [ann.braze_id, "ann", ""]}


def test_track_without_events_tells_what_only_another_listener_wants(
    curious: Curious, ann: Profile, caller: RestCaller
) -> None:
    caller.post("/users/track", {"attributes": [{"external_id": "ann", "first_name": "Ann"}]})
    assert [news.columns for _, news, _ in curious.heard] == [{ann.pk: {"first_name": "Ann"}}]


def test_the_calls_about_subscriptions_tell(
    curious: Curious, ann: Profile, caller: RestCaller, group: SubscriptionGroup
) -> None:
    state = {"subscription_state": "unsubscribed"}
    caller.post("/email/status", {"email": "ann@example.com"} | state)
    joined = {"subscription_group_id": str(group.pk), "external_id": "ann"}
    caller.post("/subscription/status/set", joined | state)
    assert curious.heard == [
        (Source.REST_API, News(columns={ann.pk: {"email_subscribe": "unsubscribed"}}), {}),
        (Source.REST_API, News(groups={(group.pk, ann.pk): False}), {}),
    ]


def test_the_page_of_a_person_tells_what_changed(
    curious: Curious, ann: Profile, marketer_client: Client
) -> None:
    form: dict[str, Any] = {"email_subscribe": "opted_in", "push_subscribe": "subscribed"}
    marketer_client.post(f"/w/acme/users/{ann.braze_id}/edit/", form | {"email": ann.email})
    news = News(columns={ann.pk: {"email_subscribe": "opted_in"}})
    assert curious.heard == [(Source.DASHBOARD, news, {})]


def test_an_import_tells_subscriptions(
    curious: Curious, ann: Profile, marketer_client: Client
) -> None:
    imported(marketer_client, "external_id,first_name,push_subscribe\nann,Ann,opted_in\n")
    news = News(columns={ann.pk: {"push_subscribe": "opted_in"}})
    assert curious.heard == [(Source.CSV_IMPORT, news, {})]
