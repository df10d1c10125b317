"""What the description of the REST API says of every call."""

from collections import Counter
from typing import Any

import pytest
from django.conf import settings
from drf_spectacular.generators import SchemaGenerator

from braze_portal.urls import rest_api
from rest.errors import REST_PATHS


@pytest.fixture(scope="module")
def operations() -> dict[str, Any]:
    """Every call by its method and address."""
    paths = SchemaGenerator().get_schema(public=True)["paths"]
    return {
        f"{method} {path}": operation
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def test_every_call_has_a_name_of_its_own(operations: dict[str, Any]) -> None:
    names = Counter(operation["operationId"] for operation in operations.values())
    assert [name for name, times in names.items() if times > 1] == []
    assert operations["post /users/track/bulk"]["operationId"] == "users_track_bulk"


def test_every_call_stands_under_a_heading_of_the_page(operations: dict[str, Any]) -> None:
    headings = {tag["name"] for tag in settings.SPECTACULAR_SETTINGS["TAGS"]}
    assert {tag for operation in operations.values() for tag in operation["tags"]} == headings


def test_every_call_shows_what_success_is_like(operations: dict[str, Any]) -> None:
    for name, operation in operations.items():
        [status] = [status for status in operation["responses"] if status < "300"]
        answer = operation["responses"][status]["content"]["application/json"]
        said = [example["value"]["message"] for example in answer["examples"].values()]
        assert said == ["success"], name


def test_every_call_with_a_body_says_how_large_it_may_be(operations: dict[str, Any]) -> None:
    said = {
        name: operation["responses"]["413"]["description"]
        for name, operation in operations.items()
        if "requestBody" in operation
    }
    assert said["post /users/track"] == "The body is larger than 4 MiB."
    assert said["post /users/delete"] == "The body is larger than 1 MiB."
    assert {name for name in operations if name.startswith("post ")} == set(said)


def test_every_address_answers_in_json_where_django_itself_refuses() -> None:
    calls = [f"/{path.pattern}" for path in rest_api if not str(path.pattern).startswith("api/")]
    assert [call for call in calls if not call.startswith(REST_PATHS)] == []
    assert [part for part in REST_PATHS if not any(call.startswith(part) for call in calls)] == []
