"""The numbers beside the builder: the funnel of a group, what is left, what a draft would change."""

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign
from segments.builder import Builder
from segments.estimates import Size
from segments.models import Segment
from tests.factories import SegmentFactory
from tests.targeting_world import builder_fields, leaf, make_people, tree_of
from workspaces.models import Workspace

HTMX = {"HX-Request": "true"}
FRENCH = leaf("country", "any_of", "FR")
HAS_ADDRESS = leaf("email", "not_blank")
OPTED_IN = leaf("email_subscribe", "is", "opted_in")
UNSUBSCRIBED = leaf("email_subscribe", "is", "unsubscribed")


@pytest.fixture
def french(workspace: Workspace) -> Segment:
    return make_people(workspace)[0]


def measured(client: Client, workspace: Workspace, tree: Any) -> Builder:
    segment = SegmentFactory(workspace=workspace, tree=tree)
    builder: Builder = client.get(f"{segment.get_absolute_url()}edit/").context["builder"]
    return builder


@pytest.mark.parametrize(
    ("join", "after"), [("all", [7, 6, 3]), ("any", [7, 10, 10])], ids=["falls", "rises"]
)
def test_a_group_has_a_funnel(
    marketer_client: Client, workspace: Workspace, french: Segment, join: str, after: list[int]
) -> None:
    tree = {"groups": [{"join": join, "filters": [FRENCH, HAS_ADDRESS, OPTED_IN]}]}
    (group,) = measured(marketer_client, workspace, tree).groups
    assert [leaf.size for leaf in group.filters] == [Size(7), Size(9), Size(4)]
    assert [leaf.running for leaf in group.filters] == [Size(number) for number in after]
    assert (group.size, group.left) == (Size(after[-1]), None)


def test_groups_say_what_is_left_of_the_whole(
    marketer_client: Client, workspace: Workspace, french: Segment
) -> None:
    tree = {
        "join": "any",
        "groups": [{"filters": [OPTED_IN]}, {"filters": [FRENCH]}],
        "exclusions": [{"filters": [UNSUBSCRIBED]}],
    }
    builder = measured(marketer_client, workspace, tree)
    groups = builder.groups + builder.exclusions
    assert [(group.size, group.left) for group in groups] == [
        (Size(4), Size(4)),
        (Size(7), Size(8)),
        (Size(1), Size(7)),
    ]
    assert builder.size == Size(7)


def test_an_exclusion_says_how_many_remain(
    marketer_client: Client, workspace: Workspace, french: Segment
) -> None:
    segment = SegmentFactory(workspace=workspace, tree=tree_of(excluded=(FRENCH,)))
    page = marketer_client.get(f"{segment.get_absolute_url()}edit/")
    assert "3 remain (30.0%)" in page.text


def changed(client: Client, segment: Segment, *filters: Any) -> Any:
    url = f"{segment.get_absolute_url()}edit/"
    return client.post(url, builder_fields(*filters), headers=HTMX)


def test_a_draft_says_who_would_enter_and_leave(marketer_client: Client, french: Segment) -> None:
    answer = changed(marketer_client, french, ("email_subscribe", "is", "opted_in"))
    impact = answer.context["impact"]
    assert (impact.enter, impact.leave) == (Size(1), Size(4))
    assert '<p class="m-0" id="impact-size">1 enter, 4 leave.</p>' in answer.text
    same = changed(marketer_client, french, ("country", "any_of", "FR"))
    assert "Nobody enters or leaves." in same.text


def test_a_draft_says_what_it_would_change(marketer_client: Client, french: Segment) -> None:
    outer = SegmentFactory(workspace=french.workspace, name="Outer")
    outer.nested.add(french)
    outermost = SegmentFactory(workspace=french.workspace, name="Outermost")
    outermost.nested.add(outer)
    campaign = Campaign.objects.create(workspace=french.workspace, name="Win back")
    campaign.segments.add(outermost)
    uses = changed(marketer_client, french).context["impact"].uses
    assert [(str(use.kind), use.name) for use in uses] == [
        ("Campaign", "Win back"),
        ("Segment", "Outer"),
        ("Segment", "Outermost"),
    ]


def test_a_new_segment_has_no_impact(marketer_client: Client, french: Segment) -> None:
    answer = marketer_client.post("/w/acme/segments/new/", builder_fields(), headers=HTMX)
    assert "impact" not in answer.context
