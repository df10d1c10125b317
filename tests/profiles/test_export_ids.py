"""``/users/export/ids``: whom it finds, and what it says of them."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from profiles.events import NewEvent, record_events
from profiles.export.user_objects import FIELDS
from profiles.models import EventKind, Profile, PushToken
from tests.worlds.factories import AliasFactory, DeviceFactory, ProfileFactory
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import RateWindow, Workspace

PATH = "/users/export/ids"
JANUARY = datetime(2026, 1, 28, 17, 2, 43, 32_999, tzinfo=UTC)
EMPTY = {
    "apps": [],
    "campaigns_received": [],
    "canvases_received": [],
    "cards_clicked": [],
    "custom_attributes": {},
    "custom_events": [],
    "devices": [],
    "email_subscribe": "subscribed",
    "purchases": [],
    "push_subscribe": "subscribed",
    "push_tokens": [],
    "total_revenue": 0.0,
    "user_aliases": [],
}


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace, "users.export.ids")


def exported(caller: RestCaller, *fields: str, **named: Any) -> list[dict[str, Any]]:
    body = named | ({"fields_to_export": fields} if fields else {})
    answer = caller.post(PATH, body)
    assert (answer.status_code, answer.json()["message"]) == (201, "success")
    return answer.json()["users"]


def refused(caller: RestCaller, body: Any) -> str:
    answer = caller.post(PATH, body)
    assert answer.status_code == 400
    return answer.json()["message"]


def did(profile: Profile, kind: EventKind, name: str, *times: datetime, amount: Any = None) -> None:
    events = [NewEvent(profile.pk, kind, name, time, amount) for time in times]
    record_events(profile.workspace, events)


# What it says


def test_a_person_of_whom_little_is_known(caller: RestCaller) -> None:
    person = ProfileFactory(workspace=caller.workspace, external_id="user-1")
    created = person.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    person.refresh_from_db()
    assert exported(caller, external_ids=["user-1"]) == [
        EMPTY
        | {
            "braze_id": person.braze_id,
            "created_at": created,
            "external_id": "user-1",
            "random_bucket": person.random_bucket,
        }
    ]


def test_attributes_as_they_are_documented(caller: RestCaller) -> None:
    known = {
        "first_name": "Jane",
        "last_name": "Doe",
        "email": "jane@example.com",
        "home_city": "Chicago",
        "country": "US",
        "phone": "+442071838750",
        "language": "en",
        "time_zone": "America/Chicago",
        "gender": "F",
        "email_subscribe": "unsubscribed",
        "push_subscribe": "opted_in",
    }
    ProfileFactory(
        workspace=caller.workspace,
        external_id="user-1",
        dob=date(1980, 12, 21),
        longitude=-87.835,
        latitude=41.841,
        push_subscribe_at=JANUARY,
        custom={"points": 107, "tags": ["a"], "box": {"x": 1}},
        **known,
    )
    [user] = exported(caller, external_ids=["user-1"])
    assert {name: user[name] for name in known} == known
    assert (user["dob"], user["last_coordinates"]) == ("1980-12-21", [-87.835, 41.841])
    assert user["push_opted_in_at"] == "2026-01-28T17:02:43.032Z"
    assert user["custom_attributes"] == {"points": 107, "tags": ["a"], "box": {"x": 1}}


def test_identifiers_and_tokens(caller: RestCaller) -> None:
    person = ProfileFactory(workspace=caller.workspace, external_id="user-1")
    for label, name in (("crm", "2"), ("app", "1")):
        AliasFactory(profile=person, label=label, name=name)
    DeviceFactory(profile=person, device_id="phone")
    for token, device in (("t1", "phone"), ("t2", "")):
        PushToken.objects.create(
            profile=person,
            workspace=caller.workspace,
            app_id="Movies",
            token=token,
            device_id=device,
        )
    fields = ("user_aliases", "devices", "push_tokens")
    assert exported(caller, *fields, external_ids=["user-1"]) == [
        {
            "user_aliases": [
                {"alias_name": "1", "alias_label": "app"},
                {"alias_name": "2", "alias_label": "crm"},
            ],
            "devices": [{"device_id": "phone"}],
            "push_tokens": [
                {"app": "Movies", "token": "t1", "device_id": "phone"},
                {"app": "Movies", "token": "t2"},
            ],
        }
    ]


def test_what_was_done_counts_of_all_time(caller: RestCaller) -> None:
    person = ProfileFactory(workspace=caller.workspace, external_id="user-1")
    later = JANUARY + timedelta(days=1)
    did(person, EventKind.CUSTOM, "Signed up", later, JANUARY)
    did(person, EventKind.PURCHASE, "Pro", JANUARY, JANUARY, amount=Decimal("9.99"))
    did(person, EventKind.SESSION, "iOS", JANUARY, later)
    fields = ("custom_events", "purchases", "total_revenue", "apps")
    first, last = "2026-01-28T17:02:43.032Z", "2026-01-29T17:02:43.032Z"
    assert exported(caller, *fields, external_ids=["user-1"]) == [
        {
            "custom_events": [{"name": "Signed up", "first": first, "last": last, "count": 2}],
            "purchases": [{"name": "Pro", "first": first, "last": first, "count": 2}],
            "total_revenue": 19.98,
            "apps": [{"name": "iOS", "sessions": 2, "first_used": first, "last_used": last}],
        }
    ]


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_each_documented_field_may_be_asked_for_alone(caller: RestCaller, field: str) -> None:
    person = ProfileFactory(workspace=caller.workspace, email="a@example.com", country="FR")
    whole = exported(caller, external_ids=[person.external_id])[0]
    alone = exported(caller, field, external_ids=[person.external_id])[0]
    assert alone == {name: value for name, value in whole.items() if name == field}


# Whom it finds


def test_people_come_in_the_order_in_which_they_were_named(caller: RestCaller) -> None:
    b, a, c = (ProfileFactory(workspace=caller.workspace, external_id=name) for name in "bac")
    AliasFactory(profile=c, label="crm", name="3")
    aliases = [{"alias_label": "crm", "alias_name": "3"}]
    users = exported(caller, "external_id", external_ids=["a", "b", "a"], user_aliases=aliases)
    assert [user["external_id"] for user in users] == ["a", "b", "c"]


def test_every_way_to_name_somebody(caller: RestCaller) -> None:
    people = {
        "device_id": ProfileFactory(workspace=caller.workspace, external_id="identified"),
        "braze_id": ProfileFactory(workspace=caller.workspace, external_id=None),
        "email_address": ProfileFactory(workspace=caller.workspace, email="a@example.com"),
        "phone": ProfileFactory(workspace=caller.workspace, phone="+15551234567"),
    }
    DeviceFactory(profile=people["device_id"], device_id="phone")
    named = {
        "device_id": "phone",
        "braze_id": people["braze_id"].braze_id,
        "email_address": "a@example.com",
        "phone": "+15551234567",
    }
    for kind, value in named.items():
        [user] = exported(caller, "braze_id", **{kind: value})
        assert user["braze_id"] == people[kind].braze_id
    assert len(exported(caller, "braze_id", **named)) == 4


def test_an_address_names_all_who_share_it_however_it_is_typed(caller: RestCaller) -> None:
    pair = [ProfileFactory(workspace=caller.workspace, email="a@example.com") for _ in range(2)]
    users = exported(caller, "external_id", email_address="A@Example.com")
    assert [user["external_id"] for user in users] == [person.external_id for person in pair]


def test_one_alias_needs_no_array(caller: RestCaller) -> None:
    person = AliasFactory(profile__workspace=caller.workspace, label="crm", name="3").profile
    alias = {"alias_label": "crm", "alias_name": "3"}
    assert exported(caller, "braze_id", user_aliases=alias) == [{"braze_id": person.braze_id}]


def test_what_names_nobody_is_told(caller: RestCaller) -> None:
    stranger = ProfileFactory(external_id="theirs", email="b@example.com")
    DeviceFactory(profile=stranger, device_id="phone")
    body = {
        "external_ids": ["theirs", "nobody", "nobody"],
        "user_aliases": [{"alias_label": "crm", "alias_name": "3"}],
        "device_id": "phone",
        "braze_id": stranger.braze_id,
        "email_address": "b@example.com",
        "phone": "+1555",
    }
    expected = ["theirs", "nobody", "3", "phone", stranger.braze_id, "b@example.com", "+1555"]
    assert caller.post(PATH, body).json() == {
        "message": "success",
        "users": [],
        "invalid_user_ids": expected,
    }


def test_an_empty_address_names_nobody(caller: RestCaller) -> None:
    ProfileFactory(workspace=caller.workspace, email="", phone="")
    assert "name users by" in refused(caller, {"email_address": "", "phone": None})


# What is refused


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {
                "external_ids": [str(n) for n in range(50)],
                "user_aliases": [{"alias_label": "a", "alias_name": "b"}],
            },
            "The max number of external_ids and aliases per request was exceeded",
        ),
        ({"external_ids": "a"}, "`external_ids` must be an array of strings"),
        ({"external_ids": [1]}, "`external_ids` must be an array of strings"),
        ({"external_ids": ["\0"]}, "`external_ids` must be an array of strings"),
        ({"external_ids": ["\ud800"]}, "`external_ids` must be an array of strings"),
        ({"external_ids": ["x" * 998]}, "`external_ids` must be an array of strings"),
        ({"email_address": ["a@example.com"]}, "`email_address` must be a string"),
        ({"device_id": "\ud800"}, "`device_id` must be a string"),
        ({"phone": {}}, "`phone` must be a string"),
        (
            {"user_aliases": [{"alias_label": "a"}]},
            "`user_aliases` must be an array of objects with `alias_name` and `alias_label`,"
            " both strings",
        ),
        (
            {"external_ids": ["a"], "fields_to_export": ["email", "height"]},
            "`fields_to_export` has an unknown field: height",
        ),
        (
            {"external_ids": ["a"], "fields_to_export": "email"},
            "`fields_to_export` must be an array of strings",
        ),
    ],
)
def test_a_wrong_request_says_what_is_wrong(caller: RestCaller, body: Any, message: str) -> None:
    assert refused(caller, body) == message


@pytest.mark.parametrize("body", [{}, {"external_ids": []}, {"braze_id": None}, [], [1], "x", 1])
def test_somebody_must_be_named(caller: RestCaller, body: Any) -> None:
    assert caller.post(PATH, body).status_code == 400


def test_a_body_that_is_no_json_is_refused(caller: RestCaller) -> None:
    headers = caller.authorization
    answer = caller.client.post(PATH, b'{"external_ids": [', "application/json", headers=headers)
    assert (answer.status_code, answer.json()) == (
        400,
        {"message": "Bad Request: the body is not valid JSON"},
    )


def test_fifty_may_be_named(caller: RestCaller) -> None:
    assert exported(caller, external_ids=[f"user-{n}" for n in range(50)]) == []


def test_those_who_name_fields_may_ask_more_often(caller: RestCaller) -> None:
    exported(caller, external_ids=["a"])
    exported(caller, "email", external_ids=["a"])
    exported(caller, "email", external_ids=["a"])
    used = RateWindow.objects.values_list("name", "used").order_by("name")
    assert dict(used) == {"export_ids": 1, "export_ids_fields": 2}


# What it costs


@pytest.mark.parametrize("people", [1, 3])
def test_all_fields_of_anybody_take_ten_queries(caller: RestCaller, people: int) -> None:
    known = [ProfileFactory(workspace=caller.workspace) for _ in range(people)]
    for person in known:
        AliasFactory(profile=person)
        DeviceFactory(profile=person)
        did(person, EventKind.CUSTOM, "Signed up", JANUARY)
    body = {
        "external_ids": [person.external_id for person in known],
        "user_aliases": [{"alias_label": "crm", "alias_name": "3"}],
        "device_id": "phone",
    }
    caller.post(PATH, body)  # notes that the key was used
    with CaptureQueriesContext(connection) as queries:
        caller.post(PATH, body)
    assert len(queries) == 10


def test_fields_that_need_no_table_ask_none(caller: RestCaller) -> None:
    ProfileFactory(workspace=caller.workspace, external_id="a")
    exported(caller, "email", external_ids=["a"])
    with CaptureQueriesContext(connection) as queries:
        exported(caller, "email", external_ids=["a"])
    assert len(queries) == 4
    assert not re.search("eventtotal|alias|device", " ".join(q["sql"] for q in queries))


def test_a_profile_that_is_gone_is_left_out(caller: RestCaller) -> None:
    person = ProfileFactory(workspace=caller.workspace, external_id="a")
    person.delete()
    assert exported(caller, external_ids=["a"]) == []
