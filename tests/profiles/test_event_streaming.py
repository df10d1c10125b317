"""What happens to people reaches the receiver of a connector: from a call to the POST."""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from currents import outbox
from currents.models import Connector, OutboxEvent
from currents.types.behaviours import GlobalStateChange
from profiles import telling
from profiles.events import NewEvent
from profiles.models import EventKind, FormerExternalId, Profile, SubscriptionGroup
from tests.worlds.csv_uploads import checked, imported, run_last_job
from tests.worlds.csv_uploads import page as csv_page
from tests.worlds.currents_world import connect, send
from tests.worlds.factories import AliasFactory, ProfileFactory, SubscriptionGroupFactory
from tests.worlds.receivers import Receiver, receiving
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

WHEN = "2026-02-15T09:00:00Z"
SECONDS = 1771146000


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.OUTBOUND_ALLOW = [ip_network("127.0.0.0/8")]
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def connector(workspace: Workspace, receiver: Receiver) -> Connector:
    return connect(workspace, receiver)


@pytest.fixture
def ann(workspace: Workspace) -> Profile:
    return ProfileFactory(
        workspace=workspace,
        external_id="ann",
        email="ann@example.com",
        phone="+15551234567",
        time_zone="Europe/Paris",
    )


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace)


def track(caller: RestCaller, **arrays: list[dict[str, Any]]) -> None:
    sent = {
        name: [{"external_id": "ann"} | item for item in items] for name, items in arrays.items()
    }
    assert caller.post("/users/track", sent).status_code == 201


def test_a_custom_event_arrives_as_documented(
    caller: RestCaller, connector: Connector, receiver: Receiver, ann: Profile
) -> None:
    track(caller, events=[{"name": "Signed up", "time": WHEN, "properties": {"plan": "pro"}}])
    send(connector, "users.behaviors.CustomEvent")
    (event,) = receiver.events
    assert len(event.pop("id")) == 36
    assert event == {
        "event_type": "users.behaviors.CustomEvent",
        "time": SECONDS,
        "user": {
            "user_id": ann.braze_id,
            "external_user_id": "ann",
            "timezone": "Europe/Paris",
        },
        "properties": {
            "name": "Signed up",
            "custom_properties": {"plan": "pro"},
            "app_group_id": str(connector.workspace.uid),
        },
    }


@pytest.mark.parametrize(
    "name",
    [
        {"external_id": "ann"},
        {"external_id": "once"},
        {"user_alias": {"alias_label": "crm", "alias_name": "7"}},
        {"email": "ann@example.com"},
    ],
)
def test_who_did_it_is_told_by_whatever_they_were_named(
    caller: RestCaller, connector: Connector, receiver: Receiver, ann: Profile, name: dict[str, Any]
) -> None:
    AliasFactory(profile=ann, label="crm", name="7")
    FormerExternalId.objects.create(workspace=ann.workspace, profile=ann, external_id="once")
    sent = {"events": [name | {"name": "Signed up", "time": WHEN}]}
    assert caller.post("/users/track", sent).status_code == 201
    send(connector, "users.behaviors.CustomEvent")
    [event] = receiver.events
    told = {"user_id": ann.braze_id, "external_user_id": "ann", "timezone": "Europe/Paris"}
    assert event["user"] == told


def test_what_a_new_person_does_is_told(
    caller: RestCaller, connector: Connector, receiver: Receiver
) -> None:
    odd = 'a "quoted"\\\n\té\U0001f600'
    track(caller, events=[{"external_id": odd, "name": "Signed up", "time": WHEN}])
    send(connector, "users.behaviors.CustomEvent")
    [event] = receiver.events
    made = Profile.objects.get()
    assert event["user"] == {"user_id": made.braze_id, "external_user_id": odd}


def test_of_people_elsewhere_or_gone_nothing_is_told(connector: Connector) -> None:
    theirs, gone = ProfileFactory().pk, 2**30
    group = SubscriptionGroupFactory(workspace=connector.workspace)
    did = [NewEvent(pk, EventKind.CUSTOM, "a", timezone.now()) for pk in (theirs, gone)]
    news = telling.News(
        did, {theirs: {"email_subscribe": "unsubscribed"}}, {(group.pk, theirs): True}
    )
    telling.tell(connector.workspace, news, source=telling.Source.REST_API)
    assert not OutboxEvent.objects.exists()


def properties(event_type: str, connector: Connector, receiver: Receiver) -> list[dict[str, Any]]:
    send(connector, f"users.behaviors.{event_type}")
    found = [event["properties"] for event in receiver.events]
    for each in found:
        del each["app_group_id"]
    return found


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_a_purchase_of_two_is_two_events(
    caller: RestCaller, connector: Connector, receiver: Receiver, ann: Profile, currency: str
) -> None:
    bought = {"product_id": "Hat", "currency": currency, "price": 9.5, "quantity": 2, "time": WHEN}
    track(caller, purchases=[bought | {"properties": {"size": "L"}}])
    one = {
        "product_id": "Hat",
        "price": 9.5,
        "currency": currency,
        "purchase_properties": {"size": "L"},
    }
    assert properties("Purchase", connector, receiver) == [one, one]


def test_a_place_is_told(
    caller: RestCaller, connector: Connector, receiver: Receiver, ann: Profile
) -> None:
    track(caller, attributes=[{"current_location": {"longitude": 2.35, "latitude": 48.85}}])
    place = {"latitude": 48.85, "longitude": 2.35}
    assert properties("Location", connector, receiver) == [place]


STATE = {
    "subscription_status": "Unsubscribed",
    "channel": "email",
    "state_change_source": "REST API",
    "email_address": "ann@example.com",
}


def test_a_subscription_is_told_by_every_door(
    caller: RestCaller,
    connector: Connector,
    receiver: Receiver,
    ann: Profile,
    marketer_client: Client,
) -> None:
    track(caller, attributes=[{"email_subscribe": "unsubscribed"}])
    body = {"email": "ann@example.com", "subscription_state": "unsubscribed"}
    caller.post("/email/status", body)
    form = {
        "email": "ann@example.com",
        "phone": "+15551234567",
        "time_zone": "Europe/Paris",
        "email_subscribe": "opted_in",
        "push_subscribe": "subscribed",
    }
    page = f"/w/acme/users/{ann.braze_id}/edit/"
    assert marketer_client.post(page, form).status_code == 302
    changed = {"subscription_status": "Opted In", "state_change_source": "Dashboard"}
    told = properties("subscription.GlobalStateChange", connector, receiver)
    assert told == [STATE, STATE, STATE | changed]


def test_a_csv_file_tells_of_the_subscriptions_that_it_sets(
    connector: Connector, receiver: Receiver, ann: Profile, marketer_client: Client
) -> None:
    file = (
        "external_id,email_subscribe,push_subscribe,email\n"
        "ann,unsubscribed,,new@example.com\n"
        "bob,opted_in,subscribed,\n"
        "cid,,,cid@example.com\n"
        "dan,perhaps,,\n"
    )
    for _ in range(2):  # set to what it was before, it is told again
        imported(marketer_client, file)
    told = properties("subscription.GlobalStateChange", connector, receiver)
    by_file = STATE | {"state_change_source": "CSV Import"}
    assert told == 2 * [
        by_file | {"email_address": "new@example.com"},
        {k: v for k, v in by_file.items() if k != "email_address"}
        | {"subscription_status": "Opted In"},
        {k: v for k, v in by_file.items() if k != "email_address"}
        | {"subscription_status": "Subscribed", "channel": "push"},
    ]
    people = [event["user"]["external_user_id"] for event in receiver.events]
    assert people == 2 * ["ann", "bob", "bob"]


@pytest.mark.parametrize("wanted", ["users.behaviors.Purchase", GlobalStateChange.event_type])
def test_a_csv_file_asks_once_a_chunk_what_is_wanted(
    workspace: Workspace,
    receiver: Receiver,
    marketer_client: Client,
    monkeypatch: Any,
    wanted: str,
) -> None:
    connect(workspace, receiver, event_types=[wanted])
    monkeypatch.setattr("profiles.csv_import.runs.TOLD_AT_ONCE", 2)
    rows = "".join(f"user-{n},opted_in\n" for n in range(7))
    made = checked(marketer_client, f"external_id,email_subscribe\n{rows}")
    marketer_client.post(csv_page(made))
    with CaptureQueriesContext(connection) as asked:
        run_last_job()
    look_ups = [query for query in asked if "currents_queue" in query["sql"]]
    told = OutboxEvent.objects.count()
    assert (len(look_ups), told) == (1, 7 if wanted == GlobalStateChange.event_type else 0)


def test_a_group_is_told(
    caller: RestCaller,
    connector: Connector,
    receiver: Receiver,
    ann: Profile,
    workspace: Workspace,
) -> None:
    group: SubscriptionGroup = SubscriptionGroupFactory(workspace=workspace)
    body = {
        "subscription_group_id": str(group.pk),
        "subscription_state": "unsubscribed",
        "external_id": "ann",
    }
    caller.post("/subscription/status/set", body)
    told = STATE | {"subscription_group_id": str(group.pk), "phone_number": "+15551234567"}
    assert properties("subscriptiongroup.StateChange", connector, receiver) == [told]


def test_a_first_session_is_told_as_such_once(
    caller: RestCaller, connector: Connector, receiver: Receiver, ann: Profile
) -> None:
    track(caller, attributes=[{"date_of_first_session": WHEN}])
    track(caller, attributes=[{"date_of_last_session": "2026-02-16T09:00:00Z"}])
    send(connector, "users.behaviors.app.FirstSession")
    assert [event["time"] for event in receiver.events] == [SECONDS]
    send(connector, "users.behaviors.app.SessionStart")
    assert [event["time"] for event in receiver.events[1:]] == [SECONDS, SECONDS + 86400]


def test_what_nobody_wants_is_not_written(
    caller: RestCaller, workspace: Workspace, receiver: Receiver, ann: Profile
) -> None:
    only = connect(workspace, receiver, event_types=["users.behaviors.Purchase"])
    track(caller, events=[{"name": "Signed up", "time": WHEN}])
    assert outbox.wanted(workspace.pk) == {"users.behaviors.Purchase"}
    send(only, "users.behaviors.Purchase")
    assert receiver.events == []


def test_a_refused_item_tells_nothing(
    caller: RestCaller, connector: Connector, receiver: Receiver, ann: Profile
) -> None:
    items = [
        {"external_id": "ann", "email_subscribe": "unsubscribed", "country": "nowhere"},
        {"external_id": "ann", "email_subscribe": "opted_in"},
    ]
    assert caller.post("/users/track", {"attributes": items}).status_code == 201
    told = properties("subscription.GlobalStateChange", connector, receiver)
    assert [each["subscription_status"] for each in told] == ["Opted In"]
