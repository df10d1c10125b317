"""The description of the REST API is made once."""

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from braze_portal import api_schema

pytestmark = pytest.mark.django_db


def test_description_is_made_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_schema, "_made", {})
    first = client.get("/api/schema/")
    monkeypatch.setattr(SchemaGenerator, "get_schema", None)
    second = client.get("/api/schema/")
    assert (second.status_code, second.content) == (200, first.content)
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert b"openapi: 3" in second.content[:20]


def test_a_copy_that_is_still_good_is_not_sent_again(client: Client) -> None:
    etag = client.get("/api/schema/?format=json").headers["ETag"]
    again = client.get("/api/schema/?format=json", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_each_form_is_a_description_of_its_own(client: Client) -> None:
    assert client.get("/api/schema/?format=json").json()["openapi"].startswith("3")
    assert client.get("/api/schema/?format=yaml").content.startswith(b"openapi: 3")
