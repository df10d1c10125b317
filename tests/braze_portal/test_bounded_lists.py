"""Lists of what people make by hand: a page stays small, however many there are."""

from typing import Any

import pytest
from django.test import Client

from tests.worlds.factories import MemberFactory, SubscriptionGroupFactory
from tests.worlds.rest_callers import rest_caller
from workspaces.models import Workspace


def groups(workspace: Workspace) -> None:
    SubscriptionGroupFactory.create_batch(60, workspace=workspace)


def keys(workspace: Workspace) -> None:
    for n in range(60):
        rest_caller(workspace, name=f"{n}")


def members(workspace: Workspace) -> None:
    MemberFactory.create_batch(59, workspace=workspace)


@pytest.mark.parametrize(
    ("path", "fill", "name"),
    [
        ("subscription-groups/", groups, "groups"),
        ("settings/api-keys/", keys, "keys"),
        ("settings/team/", members, "members"),
    ],
)
def test_a_list_is_turned_over(
    admin_client: Client, workspace: Workspace, path: str, fill: Any, name: str
) -> None:
    fill(workspace)
    first = admin_client.get(f"/w/acme/{path}")
    second = admin_client.get(f"/w/acme/{path}", {"page": 2})
    assert (len(first.context[name]), len(second.context[name])) == (50, 10)
    assert not set(first.context[name]) & set(second.context[name])
    assert "1 to 50 of 60" in first.content.decode()
