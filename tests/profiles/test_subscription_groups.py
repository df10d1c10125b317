"""The pages of subscription groups."""

from typing import Any

import pytest
from django.test import Client

from profiles.models import SubscriptionGroup
from profiles.subscriptions.states import named, set_group_state
from tests.worlds.factories import ProfileFactory, SubscriptionGroupFactory
from workspaces.models import AuditEntry, Workspace

PAGES = "/w/acme/subscription-groups/"


def test_a_group_is_made_and_renamed(marketer_client: Client, workspace: Workspace) -> None:
    body = {"name": "News", "channel": "email", "description": ""}
    marketer_client.post(f"{PAGES}new/", body)
    group = SubscriptionGroup.objects.get(workspace=workspace)
    # What people joined it by stays.
    marketer_client.post(f"{PAGES}{group.pk}/", body | {"name": "Tips", "channel": "sms"})
    group.refresh_from_db()
    assert (group.name, group.channel) == ("Tips", "email")
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["Added Subscription Group", "Edited Subscription Group"]


def test_two_groups_of_one_name_are_told_apart(
    marketer_client: Client, workspace: Workspace
) -> None:
    SubscriptionGroupFactory(workspace=workspace, name="News")
    page = marketer_client.post(f"{PAGES}new/", {"name": "News", "channel": "sms"})
    assert "Another subscription group has this name." in page.text
    assert SubscriptionGroup.objects.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_groups_are_counted_by_the_same_queries(
    analyst_client: Client, workspace: Workspace, count: int, django_assert_num_queries: Any
) -> None:
    for name in ("a", "b"):
        ProfileFactory(workspace=workspace, external_id=name)
    for _ in range(count):
        group = SubscriptionGroupFactory(workspace=workspace)
        set_group_state(group, named(workspace, external_ids=["a"]), subscribed=True)
        set_group_state(group, named(workspace, external_ids=["b"]), subscribed=False)
    with django_assert_num_queries(5):
        page = analyst_client.get(PAGES)
    assert [(g.joined, g.left) for g in page.context["groups"]] == [(1, 1)] * count
