"""Segments in segments: how deep, shown how far, used where."""

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign
from segments.audiences.estimates import Size
from segments.models import MOST_NESTED, Segment
from tests.worlds.factories import ProfileFactory, SegmentFactory
from tests.worlds.targeting_world import builder_fields, leaf, tree_of
from workspaces.models import Workspace

NEW = "/w/acme/segments/new/"
LIST = "/w/acme/segments/"


def chain(workspace: Workspace, length: int) -> list[Segment]:
    """Make so many segments, each naming the one before; the first is “French”."""
    made: list[Segment] = []
    tree = tree_of(leaf("country", "any_of", "FR"))
    for number in range(length):
        segment = SegmentFactory(workspace=workspace, name=f"Level {number}", tree=tree)
        if made:
            segment.nested.add(made[-1])
        made.append(segment)
        tree = tree_of(leaf("segment", "includes_any", str(segment.pk)))
    return made


def naming(segment: Segment) -> dict[str, Any]:
    return builder_fields(("segment", "includes_any", str(segment.pk)))


def test_a_chain_of_the_deepest_is_measured(marketer_client: Client, workspace: Workspace) -> None:
    ProfileFactory(workspace=workspace, external_id="ada", country="FR")
    *_, outer = chain(workspace, MOST_NESTED)
    page = marketer_client.get(outer.get_absolute_url(), {"user": "ada"})
    assert (page.context["size"], page.context["lookup"].answers[0].inside) == (Size(1), True)


@pytest.mark.parametrize("place", [0, 7, -1])
def test_a_deeper_one_is_not_saved(
    marketer_client: Client, workspace: Workspace, place: int
) -> None:
    segments = chain(workspace, MOST_NESTED)
    below = SegmentFactory(workspace=workspace, name="Below")
    if place == -1:
        answer = marketer_client.post(NEW, {"name": "Above"} | naming(segments[-1]))
    else:
        url = f"{segments[place].get_absolute_url()}edit/"
        longer = chain_below(workspace, below, place + 1)
        answer = marketer_client.post(url, {"name": "Level"} | naming(longer))
    assert "Segments can be nested 20 levels deep; this would be deeper." in answer.text


def chain_below(workspace: Workspace, below: Segment, length: int) -> Segment:
    """Return a segment at the top of so many, ``below`` the lowest."""
    for number in range(length - 1):
        tree = tree_of(leaf("segment", "includes_any", str(below.pk)))
        above = SegmentFactory(workspace=workspace, name=f"Below {number}", tree=tree)
        above.nested.add(below)
        below = above
    return below


@pytest.mark.parametrize("sort", ["name", "-size"])
def test_one_that_is_too_deep_does_not_take_the_list_with_it(
    analyst_client: Client, workspace: Workspace, sort: str
) -> None:
    segments = chain(workspace, 150)
    page = analyst_client.get(LIST, {"sort": sort, "q": '"Level 2" "Level 149"'}).context["page"]
    sizes = {segment.name: segment.size for segment in page}
    assert (sizes["Level 2"], sizes["Level 149"]) == (Size(0), None)
    assert analyst_client.get(segments[-1].get_absolute_url()).status_code == 200


def test_every_level_is_opened_in_a_lookup(marketer_client: Client, workspace: Workspace) -> None:
    ProfileFactory(workspace=workspace, external_id="ada", country="FR")
    *_, outer = chain(workspace, 4)
    page = marketer_client.get(outer.get_absolute_url(), {"user": "ada"})
    groups, names = page.context["lookup"].answers[0].groups, []
    while groups[0].filters[0].nested:
        (inner,) = groups[0].filters[0].nested
        names.append(inner.name)
        groups = inner.tree.groups
    assert names == ["Level 2", "Level 1", "Level 0"]
    assert [item.seen for item in groups[0].filters] == ["FR"]


def test_a_segment_is_opened_once_in_a_lookup(
    marketer_client: Client, workspace: Workspace
) -> None:
    ProfileFactory(workspace=workspace, external_id="ada", country="FR")
    (inner,) = chain(workspace, 1)
    twice = [leaf("segment", "includes_any", str(inner.pk))] * 2
    outer = SegmentFactory(workspace=workspace, tree=tree_of(*twice))
    page = marketer_client.get(outer.get_absolute_url(), {"user": "ada"})
    (group,) = page.context["lookup"].answers[0].groups
    assert [item.nested[0].opened for item in group.filters] == [True, False]


@pytest.mark.parametrize("part", ["", "archive/"])
def test_uses_through_nesting_are_named(
    marketer_client: Client, workspace: Workspace, part: str
) -> None:
    inner, outer = chain(workspace, 2)
    campaign = Campaign.objects.create(workspace=workspace, name="Win back")
    campaign.segments.add(outer)
    answer = marketer_client.get(inner.get_absolute_url() + part)
    assert [use.name for use in answer.context["uses"]] == ["Win back", "Level 1"]


def test_a_list_names_uses_through_nesting(analyst_client: Client, workspace: Workspace) -> None:
    chain(workspace, 3)
    page = analyst_client.get(LIST).context["page"]
    assert [[use.name for use in segment.uses] for segment in page] == [
        ["Level 1", "Level 2"],
        ["Level 2"],
        [],
    ]


def test_the_deepest_is_saved(marketer_client: Client, workspace: Workspace) -> None:
    *_, highest = chain(workspace, MOST_NESTED - 1)
    answer = marketer_client.post(NEW, {"name": "Above"} | naming(highest))
    assert answer.status_code == 302
