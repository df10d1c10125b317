"""Requests as Braze's own pages show them, sent as they are written there."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pytest_django.live_server_helper import LiveServer

from campaigns.models import Campaign, Canvas
from tests.worlds.factories import ProfileFactory, SegmentFactory, SubscriptionGroupFactory
from tests.worlds.rest_callers import RATE_HEADERS, rest_caller
from workspaces.models import Workspace

ID = "3bbc4555-8fa0-4c9b-a5c0-4505edf3e064"
GROUP = "4d4f1c1e-9f9d-4a0c-a1d6-2f7f7f0d5e11"
READS = [
    f"/segments/details?segment_id={ID}",
    f"/segments/data_series?segment_id={ID}&length=14&ending_at=2018-06-27T23:59:59-5:00",
    "/segments/list?page=1&sort_direction=desc",
    "/campaigns/list?page=0&include_archived=false&sort_direction=desc"
    "&last_edit.time[gt]=2020-06-28T23:59:59-5:00",
    f"/campaigns/details?campaign_id={ID}",
    f"/campaigns/data_series?campaign_id={ID}&length=7&ending_at=2020-06-28T23:59:59-5:00",
    "/canvas/list?page=1&include_archived=false&sort_direction=desc",
    f"/canvas/details?canvas_id={ID}",
    f"/canvas/data_series?canvas_id={ID}&ending_at=2018-05-30T23:59:59-05:00&length=10"
    "&include_variant_breakdown=true&include_step_breakdown=true&include_deleted_step_data=true",
    "/events/list?page=3",
    "/events/data_series?event=event_name&length=24&unit=hour"
    f"&ending_at=2014-12-10T23:59:59-05:00&segment_id={ID}",
    "/purchases/product_list?page=1",
    "/purchases/quantity_series?ending_at=2018-06-28T23:59:59-05:00&length=100&unit=day",
    "/purchases/revenue_series?ending_at=2018-06-28T23:59:59-05:00&length=100&unit=day",
    "/kpi/new_users/data_series?length=14&ending_at=2018-06-28T23:59:59-5:00&app_id=app",
    "/kpi/dau/data_series?length=10&ending_at=2018-06-28T23:59:59-05:00",
    "/kpi/mau/data_series?length=7&ending_at=2018-06-28T23:59:59-05:00",
    "/sessions/data_series?length=14&unit=day&ending_at=2018-06-28T23:59:59-5:00",
    "/email/hard_bounces?start_date=2019-01-01&end_date=2019-02-01&limit=100&offset=1",
    "/email/unsubscribes?start_date=2020-01-01&end_date=2020-02-01&limit=1&offset=1"
    "&sort_direction=desc&email=foo@bar.com",
    f"/subscription/status/get?subscription_group_id={GROUP}&external_id[]=1&external_id[]=2",
    f"/subscription/status/get?subscription_group_id={GROUP}&email=foo@bar.com",
    "/subscription/user/status?external_id=12345&email=foo@bar.com&limit=100&offset=1",
    "/subscription/user/status?external_id[]=1&external_id[]=2",
    "/subscription/user/status?external_id=123456789&limit=100&offset=0&phone=+11112223334",
    "/custom_attributes?cursor=",
]
ALIAS = {"alias_name": "device123", "alias_label": "my_device_identifier"}
MOVIE = {"app_id": "app", "name": "rented_movie"}
WRITES: list[tuple[str, dict[str, Any]]] = [
    (
        "/users/track",
        {
            "attributes": [
                {
                    "email": "test@braze.com",
                    "boolean_attribute_1": True,
                    "integer_attribute": 26,
                    "array_attribute": ["banana", "apple"],
                },
                {"_update_existing_only": False, "user_alias": ALIAS, "email": "a@example.com"},
                {"phone": "+15043277269", "string_attribute": "fruit"},
            ],
            "events": [
                MOVIE
                | {
                    "email": "test@braze.com",
                    "time": "2022-12-06T19:20:45+01:00",
                    "properties": {"release": {"year": "2022"}, "cast": [{"name": "Actor1"}]},
                },
                MOVIE | {"user_alias": ALIAS, "time": "2013-07-16T19:20:50+01:00"},
            ],
            "purchases": [
                {
                    "email": "test@braze.com",
                    "app_id": "app",
                    "product_id": "product_name",
                    "currency": "USD",
                    "price": 12.12,
                    "quantity": 6,
                    "time": "2017-05-12T18:47:12Z",
                    "properties": {"color": "red", "checkout_duration": 180},
                }
            ],
        },
    ),
    (
        "/users/alias/new",
        {"user_aliases": [{"external_id": "1", "alias_name": "n", "alias_label": "l"}]},
    ),
    ("/users/delete", {"external_ids": ["user_id1", "user_id2"]}),
    ("/users/export/ids", {"external_ids": ["1"], "user_aliases": [ALIAS], "device_id": "d"}),
    ("/users/export/segment", {"segment_id": ID, "fields_to_export": ["first_name", "email"]}),
    ("/email/status", {"email": "example@braze.com", "subscription_state": "subscribed"}),
    (
        "/subscription/status/set",
        {
            "subscription_group_id": GROUP,
            "subscription_state": "unsubscribed",
            "external_id": "1",
            "email": ["example1@email.com", "example2@email.com"],
        },
    ),
    (
        "/v2/subscription/status/set",
        {
            "subscription_groups": [
                {
                    "subscription_group_id": GROUP,
                    "subscription_state": "subscribed",
                    "emails": ["example1@email.com", "example2@email.com"],
                }
            ]
        },
    ),
]


@pytest.fixture
def http(
    settings: Any, transactional_db: None, workspace: Workspace, live_server: LiveServer
) -> Iterator[httpx.Client]:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    SegmentFactory(pk=ID, workspace=workspace)
    SubscriptionGroupFactory(pk=GROUP, workspace=workspace)
    ProfileFactory(external_id="1", workspace=workspace)
    for model in (Campaign, Canvas):
        model.objects.create(pk=ID, workspace=workspace, name="Win back")
    headers = rest_caller(workspace).authorization
    with httpx.Client(base_url=live_server.url, headers=headers, trust_env=False) as http:
        yield http


def test_reads_are_answered_200(http: httpx.Client) -> None:
    answers = {path: http.get(path) for path in READS}
    assert {path: said.text for path, said in answers.items() if said.status_code != 200} == {}
    assert {said.json()["message"] for said in answers.values()} == {"success"}
    assert all(name in said.headers for said in answers.values() for name in RATE_HEADERS)


def test_writes_are_answered_201_without_errors(http: httpx.Client) -> None:
    answers = {path: http.post(path, json=body) for path, body in WRITES}
    assert {path: said.text for path, said in answers.items() if said.status_code != 201} == {}
    assert [path for path, said in answers.items() if "errors" in said.json()] == []
    assert all(name in said.headers for said in answers.values() for name in RATE_HEADERS)
