"""Clients that others published, unmodified, pointed at our address."""

from typing import Any

import pytest
from braze.client import BrazeClient, BrazeClientError, BrazeRateLimitError
from braze_api_client.client import Client as PoolClient
from pytest_django.live_server_helper import LiveServer

from profiles.models import Profile
from tests.worlds.rest_callers import rest_caller
from workspaces.models import Workspace

TIME = "2026-02-15 09:00:00 -0500"
#: What the client adds to an answer that it takes for a success.
SUCCESS = {"message": "success", "errors": [], "status_code": 201, "success": True}


@pytest.fixture
def secret(settings: Any, transactional_db: None, workspace: Workspace) -> str:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    return rest_caller(workspace).secret


@pytest.fixture(params=["in the header", "in the body"])
def client(request: Any, live_server: LiveServer, secret: str) -> BrazeClient:
    """One that sends its key where clients do, or where older ones did."""
    return BrazeClient(secret, live_server.url, use_auth_header=request.param == "in the header")


def test_attributes_events_and_purchases_are_tracked(client: BrazeClient) -> None:
    said = client.user_track(
        attributes=[{"external_id": "ann", "first_name": "Ann", "plan": "pro"}],
        events=[{"external_id": "ann", "name": "Signed up", "time": TIME}],
        purchases=[
            {
                "external_id": "ann",
                "product_id": "Hat",
                "currency": "USD",
                "price": 9.5,
                "time": TIME,
            }
        ],
    )
    counts = {"attributes_processed": 1, "events_processed": 1, "purchases_processed": 1}
    assert said == SUCCESS | counts
    ann = Profile.objects.get(external_id="ann")
    assert (ann.first_name, ann.custom, ann.events.count()) == ("Ann", {"plan": "pro"}, 2)


def test_empty_arrays_beside_are_no_mistake(client: BrazeClient) -> None:
    said = client.user_track(attributes=[{"external_id": "ann"}])
    counts = {"attributes_processed": 1, "events_processed": 0, "purchases_processed": 0}
    assert said == SUCCESS | counts


def test_bad_items_are_told_beside_good_ones(client: BrazeClient) -> None:
    said = client.user_track(attributes=[{"external_id": "ann"}, {"plan": "pro"}])
    [error] = said["errors"]
    assert (error["input_array"], error["index"], said["success"]) == ("attributes", 1, False)
    assert (said["message"], said["attributes_processed"]) == ("success", 1)


def test_refusal_is_raised_with_its_errors(client: BrazeClient) -> None:
    with pytest.raises(BrazeClientError) as raised:
        client.user_track(events=[{"external_id": "ann", "name": "Signed up", "time": "soon"}])
    message, [error] = raised.value.args
    assert message.startswith("Valid data must be provided")
    assert (error["input_array"], error["index"]) == ("events", 0)


def test_people_are_exported(client: BrazeClient) -> None:
    client.user_track(attributes=[{"external_id": "ann", "email": "ann@example.com"}])
    said = client.user_export(external_ids=["ann", "bob"], fields_to_export=["email"])
    assert said == SUCCESS | {
        "users": [{"email": "ann@example.com"}],
        "invalid_user_ids": ["bob"],
    }


def test_people_are_exported_by_address(client: BrazeClient) -> None:
    client.user_track(attributes=[{"external_id": "ann", "email": "ann@example.com"}])
    [ann] = client.user_export(email="ann@example.com")["users"]
    assert (ann["external_id"], ann["email"]) == ("ann", "ann@example.com")


def test_people_are_deleted(client: BrazeClient) -> None:
    client.user_track(attributes=[{"external_id": "ann"}])
    assert client.user_delete(external_ids=["ann", "bob"]) == SUCCESS | {"deleted": 1}
    assert Profile.objects.count() == 0


def test_rate_limit_is_understood(client: BrazeClient, settings: Any) -> None:
    # The client waits for a window that ends soon: one of a day seldom does.
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"track": (1, 86_400)}
    client.user_track(attributes=[{"external_id": "ann"}])
    with pytest.raises(BrazeRateLimitError) as raised:
        client.user_track(attributes=[{"external_id": "ann"}])
    assert raised.value.reset_epoch_s % 86_400 == 0


def test_wrong_key_is_understood(live_server: LiveServer, secret: str) -> None:
    with pytest.raises(BrazeClientError, match=r"^\('Invalid API key: ••••-key', \[\]\)$"):
        BrazeClient("not-a-key-at-all-key", live_server.url).user_delete(external_ids=["ann"])


def test_call_that_is_not_offered_is_understood(live_server: LiveServer, secret: str) -> None:
    client = BrazeClient(secret, live_server.url)
    with pytest.raises(BrazeClientError, match="Not Found"):
        client.campaign_trigger_schedule_create("x", {"time": TIME})


def test_another_client_tracks_and_names(live_server: LiveServer, secret: str) -> None:
    users = PoolClient(secret, live_server.url).users
    alias = {"alias_label": "crm", "alias_name": "17"}
    answer = users.alias.new.create_item({"user_aliases": [alias]})
    assert (answer.status_code, answer.json()) == (
        201,
        {"aliases_processed": 1, "message": "success"},
    )
    attributes = [{"user_alias": alias, "first_name": "Ann"}]
    answer = users.track.create_item({"attributes": attributes})
    assert answer.json() == {"message": "success", "attributes_processed": 1}
    assert Profile.objects.get().first_name == "Ann"
