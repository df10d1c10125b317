"""Bodies in chunks and over the limit, and other ways to put a call."""

import json
from io import BytesIO
from typing import Any

import pytest
from django.test import Client

from braze_portal.wsgi import read_chunked
from profiles.models import SubscriptionGroup
from tests.worlds.factories import ProfileFactory, SubscriptionGroupFactory
from tests.worlds.rest_callers import RATE_HEADERS, RestCaller, rest_caller
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db

MEGABYTE = 2**20


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace)


def received(chunks: BytesIO) -> dict[str, Any]:
    """Return the environment of a call whose body came in chunks."""
    found: dict[str, Any] = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": chunks}
    read_chunked(lambda environ, start: found.update(environ))(found, None)
    return found


def test_body_in_chunks_may_be_as_large_as_any() -> None:
    environ = received(BytesIO(b"x" * 4 * MEGABYTE))
    assert environ["CONTENT_LENGTH"] == str(4 * MEGABYTE)
    assert len(environ["wsgi.input"].read()) == 4 * MEGABYTE


def test_body_in_chunks_that_is_too_large_is_read_to_its_end_but_not_kept() -> None:
    chunks = BytesIO(b"x" * 6 * MEGABYTE)
    assert received(chunks)["CONTENT_LENGTH"] == str(4 * MEGABYTE + 1)
    assert chunks.tell() == 6 * MEGABYTE


@pytest.mark.parametrize(
    ("path", "megabytes"), [("/users/track", 4), ("/users/track/bulk", 2), ("/users/delete", 1)]
)
def test_body_over_the_limit_is_refused_with_rates(
    caller: RestCaller, path: str, megabytes: int
) -> None:
    body = json.dumps({"external_ids": ["ann"]}).ljust(megabytes * MEGABYTE + 1)
    answer = caller.post(path, body)
    said = f"Request Entity Too Large: a body may have {megabytes * MEGABYTE:,} bytes"
    assert (answer.status_code, answer.json()) == (413, {"message": said})
    assert [name for name in RATE_HEADERS if name not in answer.headers] == []


@pytest.mark.parametrize("path", ["/segments/list", "/events/list", "/custom_attributes"])
def test_head_is_answered_as_get_is(caller: RestCaller, path: str) -> None:
    answer = caller.client.head(path, headers=caller.authorization)
    assert (answer.status_code, answer.content) == (200, b"")


def test_options_are_not_offered(caller: RestCaller) -> None:
    answer = caller.client.options("/segments/list", headers=caller.authorization)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/messages/send", "//users/track", "/users", "/segments/list/"])
def test_a_program_is_told_in_json_that_there_is_no_such_call(
    caller: RestCaller, path: str
) -> None:
    answer = caller.get(path)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/email/status", {}, "email"),
        ("/email/status", {"email": "a@example.com"}, "subscription_state"),
        ("/subscription/status/set", {"external_id": "ann"}, "subscription_group_id"),
        ("/v2/subscription/status/set", {}, "subscription_groups"),
        ("/v2/subscription/status/set", {"subscription_groups": [1]}, "subscription_groups"),
    ],
)
def test_message_names_the_field(
    caller: RestCaller, path: str, body: dict[str, Any], field: str
) -> None:
    answer = caller.post(path, body)
    assert (answer.status_code, answer.json()["message"].split("`")[1]) == (400, field)


def test_of_several_groups_all_are_changed_or_none(caller: RestCaller) -> None:
    ProfileFactory(external_id="ann", workspace=caller.workspace)
    group: SubscriptionGroup = SubscriptionGroupFactory(workspace=caller.workspace)
    change = {"subscription_group_id": str(group.pk), "subscription_state": "unsubscribed"}
    changes = [change | {"external_ids": ["ann"]}, change | {"phones": ["+15551234567"]}]
    answer = caller.post("/v2/subscription/status/set", {"subscription_groups": changes})
    assert answer.status_code == 400
    assert group.subscriptions.count() == 0


def test_documentation_has_no_script_of_its_own() -> None:
    page = Client().get("/api/docs/").content.decode()
    assert page.count("<script src=") == page.count("<script") == 3
    assert "<style" not in page
