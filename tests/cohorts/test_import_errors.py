"""Every refusal of the import API: its status, its message to the letter, and no other trace."""

import json
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from cohorts.models import Cohort, CohortImport, Outcome
from tests.worlds.factories import ProfileFactory, WorkspaceFactory
from tests.worlds.partner_calls import PartnerCaller, add, connect, nothing_applied

COHORT_ID = "`cohort_id` must be a valid string"
CHANGES = (
    "`cohort_changes` must be an array of objects each with key `user_ids` and/or `device_ids` "
    "mapping to an array of strings, or an `aliases` object"
)
TOO_MANY = "Only 1,000 `user_ids`, `device_ids`, and `aliases` are allowed per request"
NAME = "`name` must be a non-empty string"
CREATED_AT = "`created_at` must be a valid time as an ISO-8601 string"
NOT_JSON = "Bad Request: the body is not valid JSON"
NOT_OBJECT = "Bad Request: the body must be a JSON object"
API_KEY = "Invalid Partner API key"
SECRET = "Invalid client secret"
LONE_SURROGATE = "\ud800"

NO_STRINGS = [None, "", "  ", [], {}, True, "a\0b", "x" * 998, "é" * 499, LONE_SURROGATE]
NO_NAMES = [None, "", "  ", 5, [], {}, True, "a\0b", "x" * 1001, LONE_SURROGATE]
NO_TIMES = [
    None,
    "",
    "yesterday",
    1611238830,
    "2021-01-21",
    "2021-01-21T19:20:30",
    "2021-02-30T19:20:30Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2021-01-21T19:20:30Z\0",
]
NO_CHANGES = [
    None,
    "",
    "users",
    "{}",
    "[NaN]",
    "[" * 100_000,
    5,
    {},
    add("user-1"),
    [None],
    ["user-1"],
    [{}],
    [{"should_remove": True}],
    [{"user_ids": None}],
    [{"user_ids": "user-1"}],
    [{"user_ids": ""}],
    [{"user_ids": {"0": "user-1"}}],
    [{"device_ids": 0}],
    [add("user-1"), add(None)],
    [add(True)],
    [add(["user-1"])],
    [add("a\0b")],
    [add(LONE_SURROGATE)],
    [add("x" * 998)],
    [add("é" * 499)],
    [add("user-1", should_remove="true")],
    [add("user-1", should_remove=0)],
    [{"aliases": "email"}],
    [{"aliases": ["email"]}],
    [{"aliases": {}}],
    [{"aliases": {"alias_label": "email"}}],
    [{"aliases": [{"alias_label": "email", "alias_name": None}]}],
    [{"aliases": [{"alias_label": ["email"], "alias_name": "a"}]}],
]


@pytest.fixture(autouse=True)
def _user(heap: PartnerCaller) -> None:
    ProfileFactory(workspace=heap.workspace, external_id="user-1")


def refused(response: Any, status: int, message: str) -> bool:
    """Tell whether a call was refused so, and left one line in the ledger and nothing else."""
    assert (response.status_code, response.json()) == (status, {"message": message})
    assert response["Content-Type"] == "application/json"
    line = CohortImport.objects.get()
    assert (line.outcome, line.status, line.reason) == (Outcome.REFUSED, status, message)
    return nothing_applied()


@pytest.mark.parametrize("value", NO_STRINGS)
def test_cohort_id_must_be_a_valid_string(heap: PartnerCaller, value: Any) -> None:
    assert refused(heap.name(cohort_id=value), 400, COHORT_ID)


@pytest.mark.parametrize("value", NO_STRINGS)
def test_cohort_id_of_users_must_be_a_valid_string(heap: PartnerCaller, value: Any) -> None:
    assert refused(heap.users(add("user-1"), cohort_id=value), 400, COHORT_ID)


@pytest.mark.parametrize("value", NO_NAMES)
def test_name_must_be_a_non_empty_string(heap: PartnerCaller, value: Any) -> None:
    assert refused(heap.name(name=value), 400, NAME)


@pytest.mark.parametrize("value", NO_TIMES)
def test_created_at_must_be_a_time_with_an_offset(heap: PartnerCaller, value: Any) -> None:
    assert refused(heap.name(created_at=value), 400, CREATED_AT)


@pytest.mark.parametrize("value", NO_CHANGES)
def test_cohort_changes_must_have_their_shape(heap: PartnerCaller, value: Any) -> None:
    assert refused(heap.users(cohort_changes=value), 400, CHANGES)


@pytest.mark.parametrize(
    ("field", "message"),
    [("cohort_id", COHORT_ID), ("name", NAME), ("created_at", CREATED_AT)],
)
def test_a_field_of_a_cohort_is_missing(heap: PartnerCaller, field: str, message: str) -> None:
    body = {"cohort_id": "c1", "name": "Trial", "created_at": "2021-01-21T19:20:30Z"}
    del body[field]
    assert refused(heap.send("cohorts", heap.keys | body), 400, message)


@pytest.mark.parametrize(
    ("field", "message"), [("cohort_id", COHORT_ID), ("cohort_changes", CHANGES)]
)
def test_a_field_of_users_is_missing(heap: PartnerCaller, field: str, message: str) -> None:
    body: dict[str, Any] = {"cohort_id": "c1", "cohort_changes": [add("user-1")]}
    del body[field]
    assert refused(heap.send("cohorts/users", heap.keys | body), 400, message)


def test_more_than_1000_identifiers_over_all_objects_and_kinds(heap: PartnerCaller) -> None:
    devices = [f"device-{n}" for n in range(500)]
    aliases = [{"alias_label": "email", "alias_name": str(n)} for n in range(500)]
    response = heap.users(add("user-1"), {"device_ids": devices}, {"aliases": aliases})
    assert refused(response, 400, TOO_MANY)


def test_1000_identifiers_are_not_too_many(heap: PartnerCaller) -> None:
    assert heap.users(add(*(f"user-{n}" for n in range(1000)))).status_code == 201


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", NOT_OBJECT),
        ("null", NOT_OBJECT),
        ("[]", NOT_OBJECT),
        ('"text"', NOT_OBJECT),
        ("{", NOT_JSON),
        ("{'a': 1}", NOT_JSON),
        ('{"a": NaN}', NOT_JSON),
        ('{"a": -Infinity}', NOT_JSON),
        ('{"a": ' + "9" * 5000 + "}", NOT_JSON),
        ("[" * 200_000, NOT_JSON),
        ('{"a":' * 150_000, NOT_JSON),
        (b'{"a": "\xff"}', NOT_JSON),
        ('{"a": 1}'.encode("utf-16"), NOT_JSON),
    ],
    ids=lambda value: str(value)[:20],
)
def test_body_that_is_no_json_object(heap: PartnerCaller, body: str | bytes, message: str) -> None:
    assert refused(heap.send("cohorts/users", body), 400, message)


def test_a_number_too_large_for_a_float_is_no_identifier(heap: PartnerCaller) -> None:
    body = json.dumps(heap.keys | {"cohort_id": "c1", "cohort_changes": [add("HUGE")]})
    response = heap.send("cohorts/users", body.replace('"HUGE"', "1e999"))
    assert refused(response, 400, CHANGES)


@pytest.mark.parametrize("value", ["wrong", "", None, 5, ["a"], {}, True, LONE_SURROGATE, "a\0b"])
def test_partner_api_key_is_wrong(heap: PartnerCaller, value: Any) -> None:
    assert refused(heap.with_keys(partner_api_key=value).name(), 401, API_KEY)


@pytest.mark.parametrize("value", ["wrong", "", None, 5, ["a"], {}, True, LONE_SURROGATE, "a\0b"])
def test_client_secret_is_wrong(heap: PartnerCaller, value: Any) -> None:
    assert refused(heap.with_keys(client_secret=value).users(add("user-1")), 401, SECRET)


def test_keys_are_missing(heap: PartnerCaller) -> None:
    assert refused(heap.send("cohorts", {"cohort_id": "c1"}), 401, API_KEY)


def test_client_secret_is_missing(heap: PartnerCaller) -> None:
    body = {"partner_api_key": heap.partner_api_key}
    assert refused(heap.send("cohorts", body), 401, SECRET)


def test_keys_come_before_the_rest_of_the_body(heap: PartnerCaller) -> None:
    response = heap.with_keys(client_secret="wrong").users(cohort_changes=5, cohort_id=None)
    assert refused(response, 401, SECRET)


def test_partner_api_key_of_another_partner(heap: PartnerCaller) -> None:
    other = connect(heap.workspace, "mixpanel")
    response = heap.with_keys(partner_api_key=other.partner_api_key).name()
    assert refused(response, 401, "Unauthorized access")


def test_client_secret_of_another_partner_is_masked(heap: PartnerCaller) -> None:
    other = connect(heap.workspace, "mixpanel")
    response = heap.with_keys(client_secret=other.client_secret).name()
    masked = f"••••{other.client_secret[-4:]}"
    message = f"Partner not enabled for client with client secret: {masked}"
    assert refused(response, 401, message)


@pytest.mark.parametrize("field", ["invalidated_at", "expires_at"])
def test_dead_client_secret_is_refused_and_shown_to_its_admin(
    heap: PartnerCaller, field: str
) -> None:
    setattr(heap.key, field, timezone.now())
    heap.key.save()
    assert refused(heap.name(), 401, SECRET)
    line = CohortImport.objects.get()
    assert (line.workspace, line.key, line.cohort_identifier) == (heap.workspace, heap.key, "c1")


def test_wrong_client_secret_belongs_to_no_workspace(heap: PartnerCaller) -> None:
    heap.with_keys(client_secret="wrong").name()
    line = CohortImport.objects.get()
    assert (line.workspace, line.key, line.partner) == (None, None, heap.partner)


def test_client_secret_of_another_workspace_reaches_only_that_one(heap: PartnerCaller) -> None:
    other = connect(WorkspaceFactory())
    assert other.users(add("user-1")).status_code == 201
    assert CohortImport.objects.get().unmatched == 1
    assert not Cohort.objects.in_workspace(heap.workspace).exists()


@pytest.mark.parametrize("path", ["cohorts", "cohorts/users"])
@pytest.mark.parametrize("body", ["{}", "{", ""])
def test_unknown_partner_is_not_found_and_leaves_no_line(
    heap: PartnerCaller, path: str, body: str
) -> None:
    response = heap.client.post(f"/partners/nobody/{path}", body, "application/json")
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})
    assert not CohortImport.objects.exists()


@pytest.mark.parametrize("path", ["cohorts", "cohorts/users"])
@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options", "trace"])
def test_wrong_method(heap: PartnerCaller, path: str, method: str) -> None:
    response = getattr(heap.client, method)(f"/partners/heap/{path}")
    assert (response.status_code, response.json()) == (405, {"message": "Method Not Allowed"})
    assert response["Allow"] == "POST"
    assert not CohortImport.objects.exists()


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
def test_wrong_content_type(heap: PartnerCaller, content_type: str) -> None:
    body = json.dumps(heap.keys | {"cohort_id": "c1", "cohort_changes": []})
    response = heap.client.post("/partners/heap/cohorts/users", body, content_type)
    assert refused(response, 415, "Unsupported Media Type: send application/json")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
)
def test_content_type_with_a_charset(heap: PartnerCaller, content_type: str) -> None:
    body = json.dumps(heap.keys | {"cohort_id": "c1", "cohort_changes": []})
    response = heap.client.post("/partners/heap/cohorts/users", body, content_type)
    assert response.status_code == 201


def test_body_over_1_mb(heap: PartnerCaller) -> None:
    body = json.dumps(heap.keys | {"cohort_id": "c1", "cohort_changes": []})
    response = heap.send("cohorts/users", body.ljust(1024 * 1024 + 1))
    assert refused(response, 413, "Request Entity Too Large: a body may have 1,048,576 bytes")


def test_body_of_1_mb(heap: PartnerCaller) -> None:
    body = json.dumps(heap.keys | {"cohort_id": "c1", "cohort_changes": []})
    assert heap.send("cohorts/users", body.ljust(1024 * 1024)).status_code == 201


def test_one_call_too_many(heap: PartnerCaller, settings: Any) -> None:
    settings.RATE_LIMITS = {"partners": (0, 3600)}
    response = heap.name()
    assert refused(response, 429, "Rate Limited")
    assert 0 < int(response["Retry-After"]) <= 3600


@pytest.mark.django_db(transaction=True)
def test_resource_locked(heap: PartnerCaller, settings: Any) -> None:
    settings.IMPORT_LOCK_TIMEOUT = "50ms"
    heap.users(add("user-1"))
    CohortImport.objects.all().delete()
    with psycopg.connect(**own_connection()) as other:
        other.execute("update cohorts_cohortmembership set active = false")
        response = heap.users({"user_ids": ["user-1"], "should_remove": True})
    assert (response.status_code, response.json()) == (423, {"message": "Resource locked"})
    line = CohortImport.objects.get()
    assert (line.status, line.workspace, line.added) == (423, heap.workspace, 0)


def own_connection() -> dict[str, Any]:
    """How to connect to the test database by other means than Django's."""
    database = django_settings.DATABASES["default"]
    names = {
        "NAME": "dbname",
        "USER": "user",
        "PASSWORD": "password",
        "HOST": "host",
        "PORT": "port",
    }
    return {name: database[key] for key, name in names.items() if database[key]}
