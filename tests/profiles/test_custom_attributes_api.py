"""``/custom_attributes``: what is known of each, 50 a page, the next one by the Link header."""

import base64
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from profiles.models import AttributeType, CustomAttribute
from tests.worlds.factories import WorkspaceFactory
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import Workspace

PATH = "/custom_attributes"


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace, "custom_attributes.get")


def know(workspace: Workspace, *names: str, type: str = "string") -> None:
    rows = (CustomAttribute(workspace=workspace, name=name, type=type) for name in names)
    CustomAttribute.objects.bulk_create(rows)


def names_of(answer: Any) -> list[str]:
    return [attribute["name"] for attribute in answer.json()["attributes"]]


def following(answer: Any) -> str:
    found = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
    return found[1] if found else ""


def test_an_attribute_as_it_is_documented(caller: RestCaller) -> None:
    know(caller.workspace, "plan")
    know(caller.workspace, "tags", type="array")
    common = {"description": "", "status": "Active", "tag_names": []}
    answer = caller.get(PATH)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "message": "success",
            "attributes": [
                {"name": "plan", "data_type": "String", "array_length": None} | common,
                {"name": "tags", "data_type": "Array", "array_length": 500} | common,
            ],
        },
    )


@pytest.mark.parametrize("kind", AttributeType)
def test_types_are_named_in_english(caller: RestCaller, kind: AttributeType) -> None:
    know(caller.workspace, "x", type=kind)
    answer = caller.get(PATH, **{"Accept-Language": "fr"})
    assert answer.json()["attributes"][0]["data_type"] == str(kind.value).title()


def test_pages_follow_each_other(caller: RestCaller) -> None:
    names = [f"Größe {n:03} & <more>" for n in range(120)]
    know(caller.workspace, *reversed(names))
    know(WorkspaceFactory(), "theirs")
    found, pages, address = [], 0, PATH
    while address:
        answer = caller.get(address)
        found += names_of(answer)
        pages, address = pages + 1, following(answer)
    assert (pages, found) == (3, names)


def test_the_link_is_an_address_of_ours(caller: RestCaller, settings: Any) -> None:
    know(caller.workspace, *(str(n) for n in range(51)))
    address = following(caller.get(PATH))
    assert address.startswith("http://testserver/custom_attributes?cursor=")
    settings.REST_ENDPOINT = "https://rest.acme.example"
    address = following(caller.get(PATH))
    assert address.startswith("https://rest.acme.example/custom_attributes?cursor=")


def test_a_page_that_is_just_full_is_the_last(caller: RestCaller) -> None:
    know(caller.workspace, *(str(n) for n in range(50)))
    answer = caller.get(PATH)
    assert (len(names_of(answer)), following(answer)) == (50, "")


def test_names_that_come_meanwhile_repeat_nobody(caller: RestCaller) -> None:
    names = [f"b{n:02}" for n in range(60)]
    know(caller.workspace, *names)
    first = caller.get(PATH)
    know(caller.workspace, "a")
    assert names_of(caller.get(following(first))) == names[50:]


@pytest.mark.parametrize(
    "cursor",
    ["x", "!!!!", "é", "\0", base64.b64encode(b"\0").decode(), base64.b64encode(b"\xff").decode()],
)
def test_a_cursor_is_one_of_ours(caller: RestCaller, cursor: str) -> None:
    answer = caller.get(PATH, {"cursor": cursor})
    assert (answer.status_code, answer.json()) == (
        400,
        {"message": "`cursor` is not one of ours"},
    )


def test_a_key_needs_the_permission(workspace: Workspace) -> None:
    assert rest_caller(workspace, "users.track").get(PATH).status_code == 403


@pytest.mark.parametrize("attributes", [1, 3])
def test_a_page_takes_one_query_beside_the_key(caller: RestCaller, attributes: int) -> None:
    know(caller.workspace, *"abc"[:attributes])
    caller.get(PATH)  # notes that the key was used
    with CaptureQueriesContext(connection) as queries:
        caller.get(PATH)
    assert len(queries) == 3
