"""Whoever refuses, the REST API answers in one shape."""

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.utils.translation import get_language
from rest_framework.exceptions import ValidationError

from rest.errors import exception_handler, server_error
from tests.worlds.partner_calls import PartnerCaller
from tests.worlds.rest_callers import rest_caller
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path",
    [
        "/partners/",
        "/partners/heap",
        "/partners/heap/cohorts/",
        "/partners/heap/cohorts/x",
        "/partners/Ü",
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_unknown_address_of_the_api_is_not_found_in_json(path: str, method: str) -> None:
    response = getattr(Client(), method)(path)
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})


def test_unknown_address_elsewhere_is_a_page() -> None:
    response = Client().get("/nowhere/")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


def test_failure_outside_a_view_is_told_in_json() -> None:
    response = server_error(RequestFactory().post("/partners/heap/cohorts"))
    assert (response.status_code, response.content) == (
        500,
        b'{"message": "Internal Server Error"}',
    )


@pytest.mark.parametrize("headers", [{"Accept": "text/html"}, {"Accept-Language": "fr"}])
def test_answers_are_json_in_english_whatever_is_asked(
    heap: PartnerCaller, headers: dict[str, str]
) -> None:
    answer = heap.client.get("/partners/heap/cohorts", headers=headers)
    assert (answer.status_code, answer.json()) == (405, {"message": "Method Not Allowed"})
    answer = heap.send("cohorts", heap.keys, headers=headers)
    assert answer.json() == {"message": "`cohort_id` must be a valid string"}
    assert answer["Content-Type"] == "application/json"


def test_a_call_after_a_french_page_is_answered_in_english(
    admin_client: Client, workspace: Workspace
) -> None:
    """By the thread that served the page, and without a look at who is signed in."""
    page = admin_client.get(f"/w/{workspace.slug}/segments/", headers={"Accept-Language": "fr"})
    assert page["Content-Language"] == get_language() == "fr"
    key = rest_caller(workspace, "segments.details").authorization
    answer = admin_client.get("/segments/details", headers=key)
    assert (answer.status_code, get_language()) == (400, "en")
    assert "Vary" not in answer


@pytest.mark.parametrize("detail", ["a", ["a", "b"], {"x": ["a"], "y": "b"}, {"x": [{"y": ["a"]}]}])
def test_message_is_the_first_of_many(detail: Any) -> None:
    assert exception_handler(ValidationError(detail), {}).data == {"message": "a"}


def test_no_csrf_token_is_asked_for(heap: PartnerCaller) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/partners/heap/cohorts", heap.keys, "application/json")
    assert answer.status_code == 400


def test_schema_is_made_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn")
    assert capsys.readouterr().err == ""


def test_schema_has_both_calls() -> None:
    schema = Client().get("/api/schema/?format=json").json()
    paths = [path for path in schema["paths"] if path.startswith("/partners/")]
    assert paths == ["/partners/{partner}/cohorts", "/partners/{partner}/cohorts/users"]
