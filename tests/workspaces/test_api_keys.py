"""Calling the REST API with a key: who gets in, how often, and what the answers say of it."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lib.masking import mask
from tests.worlds.factories import SegmentFactory, WorkspaceFactory
from tests.worlds.rest_callers import RATE_HEADERS, RestCaller, rest_caller
from workspaces.api_keys import keys
from workspaces.models import RateWindow, RestApiKey, Workspace

LIST = "/segments/list"
UNKNOWN = "00000000-1111-2222-3333-44445555abcd"


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace)


def called_with(authorization: str, method: str = "get") -> Any:
    return getattr(Client(), method)(LIST, headers={"Authorization": authorization})


def rate(answer: Any) -> list[int]:
    return [int(answer[name]) for name in RATE_HEADERS[:2]]


def used(workspace: Workspace) -> list[int]:
    return list(RateWindow.objects.filter(workspace=workspace).values_list("used", flat=True))


# Whose key it is


def test_a_key_opens_its_workspace(caller: RestCaller) -> None:
    answer = caller.get(LIST)
    assert (answer.status_code, answer.json()) == (200, {"message": "success", "segments": []})


def test_a_key_of_another_workspace_finds_nothing_here(workspace: Workspace) -> None:
    SegmentFactory(workspace=workspace)
    assert rest_caller(WorkspaceFactory()).get(LIST).json()["segments"] == []


def test_only_a_digest_is_kept(caller: RestCaller) -> None:
    assert len(caller.secret) == 36
    stored = str(RestApiKey.objects.values().get())
    assert caller.secret not in stored
    assert caller.secret[9:] not in stored


@pytest.mark.parametrize(
    ("authorization", "shown"),
    [
        ("", "••••"),
        ("Bearer", "••••"),
        (f"Bearer {UNKNOWN}", "••••abcd"),
        (f'Bearer "{UNKNOWN}"', '••••bcd"'),
        (UNKNOWN, "••••"),
        (f"Basic {UNKNOWN}", "••••"),
        ("Bearer short", "••••"),
        (f"Bearer {UNKNOWN[:-1]}é", "••••"),
    ],
)
@pytest.mark.django_db
def test_a_wrong_key_is_refused_and_masked(authorization: str, shown: str) -> None:
    answer = called_with(authorization)
    assert answer.json() == {"message": f"Invalid API key: {shown}"}
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert [name for name in RATE_HEADERS if name in answer] == []


def test_a_key_that_begins_alike_is_refused(caller: RestCaller) -> None:
    alike = caller.secret[:-1] + ("0" if caller.secret[-1] != "0" else "1")
    assert called_with(f"Bearer {alike}").status_code == 401


def test_a_quoted_key_is_refused(caller: RestCaller) -> None:
    answer = called_with(f'Bearer "{caller.secret}"')
    assert answer.json() == {"message": f'Invalid API key: ••••{caller.secret[-3:]}"'}


@pytest.mark.parametrize(("ends_in", "status"), [(-1, 401), (60, 200)])
def test_a_key_ends_when_it_expires(ends_in: int, status: int, workspace: Workspace) -> None:
    expires_at = timezone.now() + timedelta(seconds=ends_in)
    caller = rest_caller(workspace, expires_at=expires_at)
    answer = caller.get(LIST)
    assert answer.status_code == status
    assert (mask(caller.secret) in answer.content.decode()) == (status == 401)


def test_a_deleted_key_is_refused(caller: RestCaller) -> None:
    caller.key.delete()
    assert caller.get(LIST).status_code == 401


def test_the_scheme_may_be_written_in_any_case(caller: RestCaller) -> None:
    assert called_with(f"bearer  {caller.secret} ").status_code == 200


# The key in the body, as older clients send it


def test_a_key_in_the_body_is_one(caller: RestCaller) -> None:
    answer = Client().post(LIST, {"api_key": caller.secret}, "application/json")
    assert answer.json() == {"message": "Method Not Allowed"}
    assert (answer.status_code, RATE_HEADERS[0] in answer) == (405, True)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "1",
        '{"api_key": null}',
        '{"api_key": ["x"]}',
        '{"api_key": "\\u0000"}',
        '{"api_key": "0000000000000000\\ud800"}',
        '{"api_key": "' + "x" * 2_000_000 + '"}',
        "[" * 100_000,
    ],
)
@pytest.mark.django_db
def test_a_body_without_a_key_is_refused(body: str) -> None:
    client = Client(raise_request_exception=False)
    answer = client.post(LIST, body, "application/json")
    assert (answer.status_code, answer.json()) == (401, {"message": "Invalid API key: ••••"})


@pytest.mark.django_db
def test_a_form_holds_no_key() -> None:
    assert Client().post(LIST, {"api_key": UNKNOWN}).status_code == 401


# What a key may do, and from where


def test_a_call_needs_its_permission(workspace: Workspace) -> None:
    answer = rest_caller(workspace, "segments.details", "users.track").get(LIST)
    message = "Access Denied: this key lacks the permission segments.list"
    assert (answer.status_code, answer.json()) == (403, {"message": message})
    assert rate(answer) == [250_000, 249_999]


@pytest.mark.parametrize(
    ("allowed", "address", "status"),
    [
        ([], "203.0.113.9", 200),
        (["203.0.113.0/24"], "203.0.113.9", 200),
        (["203.0.113.0/24"], "::ffff:203.0.113.9", 200),
        (["198.51.100.1/32", "2001:db8::/32"], "2001:db8::7", 200),
        (["203.0.113.0/24"], "203.0.114.9", 403),
        (["203.0.113.0/24"], "2001:db8::7", 403),
        (["203.0.113.0/24"], "unknown", 403),
    ],
)
def test_a_key_works_from_allowed_addresses(
    allowed: list[str], address: str, status: int, workspace: Workspace
) -> None:
    caller = rest_caller(workspace, allow_list=allowed)
    caller.client.defaults["REMOTE_ADDR"] = address
    assert caller.get(LIST).status_code == status


def test_a_call_from_elsewhere_uses_nothing_up(workspace: Workspace) -> None:
    answer = rest_caller(workspace, allow_list=["203.0.113.0/24"]).get(LIST)
    message = "Access Denied: this key may not be used from your IP address"
    assert (answer.status_code, answer.json()) == (403, {"message": message})
    assert rate(answer) == [250_000, 250_000]
    assert used(workspace) == [0]
    assert RestApiKey.objects.get().last_used_at is None


# How often


def test_every_answer_tells_what_is_left(caller: RestCaller) -> None:
    answers = [
        caller.get(LIST),
        caller.get(LIST, {"page": "x"}),
        caller.post(LIST, {}),
        caller.client.options(LIST, headers=caller.authorization),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 405, 405]
    assert [rate(answer) for answer in answers] == [
        [250_000, 249_999 - before] for before in range(4)
    ]


def test_one_call_too_many_is_told_when_to_come_again(caller: RestCaller, settings: Any) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"default": (1, 3600)}
    assert caller.get(LIST).status_code == 200
    answer = caller.get(LIST)
    assert (answer.status_code, answer.json()) == (429, {"message": "Rate Limited"})
    assert rate(answer) == [1, 0]
    until = int(answer["X-RateLimit-Reset"])
    assert until % 3600 == 0
    assert 0 < until - time.time() <= 3600
    assert abs(until - time.time() - int(answer["Retry-After"])) <= 2


def test_the_limit_is_that_of_the_workspace(workspace: Workspace, settings: Any) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"default": (1, 3600)}
    first, second = rest_caller(workspace), rest_caller(workspace)
    other = rest_caller(WorkspaceFactory())
    assert [each.get(LIST).status_code for each in (first, second, other)] == [200, 429, 200]


def test_a_new_window_begins_anew(caller: RestCaller, settings: Any) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"default": (1, 3600)}
    caller.get(LIST)
    RateWindow.objects.update(starts_at=timezone.now() - timedelta(hours=2))
    assert caller.get(LIST).status_code == 200


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=1)])
def test_a_window_that_lies_ahead_ends_at_once(
    caller: RestCaller, settings: Any, ahead: timedelta
) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"default": (1, 3600)}
    caller.get(LIST)
    begun = RateWindow.objects.get().starts_at
    RateWindow.objects.update(starts_at=begun + ahead, used=9)
    assert caller.get(LIST).status_code == 200
    assert list(RateWindow.objects.values_list("starts_at", "used")) == [(begun, 1)]


# When it was last used


def test_the_last_use_is_noted(caller: RestCaller) -> None:
    caller.client.defaults["REMOTE_ADDR"] = "203.0.113.9"
    caller.get(LIST)
    key = RestApiKey.objects.get()
    assert (timezone.now() - key.last_used_at).total_seconds() < 60
    assert key.last_used_ip == "203.0.113.9"


def test_a_busy_key_is_not_written_at_each_call(caller: RestCaller) -> None:
    for address in ("203.0.113.9", "203.0.113.10"):
        caller.client.defaults["REMOTE_ADDR"] = address
        caller.get(LIST)
    assert RestApiKey.objects.get().last_used_ip == "203.0.113.9"
    RestApiKey.objects.update(last_used_at=timezone.now() - keys.USE_NOTED_EVERY)
    caller.get(LIST)
    assert RestApiKey.objects.get().last_used_ip == "203.0.113.10"


@pytest.mark.parametrize(("seconds", "queries"), [(0, 3), (60, 4)])
def test_a_call_costs_two_queries_before_its_own(
    seconds: int, queries: int, caller: RestCaller, django_assert_num_queries: Any
) -> None:
    """The key, the count, and at times the note of its use; then the list."""
    caller.get(LIST)
    last_used_at = timezone.now() - timedelta(seconds=seconds)
    RestApiKey.objects.update(last_used_at=last_used_at)
    with django_assert_num_queries(queries):
        caller.get(LIST)


# The schema


def test_the_schema_names_the_scheme() -> None:
    schema = Client().get("/api/schema/?format=json").json()
    scheme = schema["components"]["securitySchemes"]["RestApiKey"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert schema["paths"][LIST]["get"]["security"] == [{"RestApiKey": []}]
    assert "security" not in schema["paths"]["/partners/{partner}/cohorts"]["post"]
