"""Search Users."""

from typing import Any

import pytest
from django.test import Client

from tests.worlds.factories import AliasFactory, DeviceFactory, ProfileFactory
from workspaces.models import Workspace


@pytest.mark.parametrize(
    "text", ["user-1", "ab" * 12, "AB" * 12, "A@Example.com", "+331", "email_hash:x:y", "phone-1"]
)
def test_a_person_is_found_by_any_identifier(
    marketer_client: Client, workspace: Workspace, text: str
) -> None:
    known = {"external_id": "user-1", "braze_id": "ab" * 12, "email": "a@example.com"}
    person = ProfileFactory(workspace=workspace, phone="+331", **known)
    AliasFactory(profile=person, label="email_hash", name="x:y")
    DeviceFactory(profile=person, device_id="phone-1")
    ProfileFactory(workspace=workspace, external_id="somebody-else")
    page = marketer_client.get("/w/acme/users/", {"q": text})
    assert list(page.context["found"]) == [person]


@pytest.mark.parametrize("text", ["a@example.com", "+331"])
def test_an_analyst_finds_nobody_by_personal_data(
    analyst_client: Client, workspace: Workspace, text: str
) -> None:
    ProfileFactory(workspace=workspace, email="a@example.com", phone="+331")
    page = analyst_client.get("/w/acme/users/", {"q": text})
    assert list(page.context["found"]) == []


@pytest.mark.parametrize("text", ["", "user-1", "\0", "nobody", ":"])
def test_nobody_else_is_found(analyst_client: Client, workspace: Workspace, text: str) -> None:
    ProfileFactory(external_id="user-1")
    page = analyst_client.get("/w/acme/users/", {"q": text})
    assert list(page.context["found"]) == []


@pytest.mark.parametrize("count", [1, 3])
def test_many_are_shown_by_the_same_queries(
    marketer_client: Client, workspace: Workspace, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        AliasFactory(profile=ProfileFactory(workspace=workspace, email="a@example.com"))
    with django_assert_num_queries(8):
        page = marketer_client.get("/w/acme/users/", {"q": "a@example.com"})
    assert len(page.context["found"]) == count
