"""What campaigns and Canvases say of the segments they use."""

import pytest
from django.test import Client

from campaigns.models import Campaign, Canvas
from segments.models import Segment
from segments.trees.uses import uses_of
from tests.worlds.factories import SegmentFactory
from tests.worlds.targeting_world import leaf, tree_of
from workspaces.models import Workspace


@pytest.fixture
def segment(workspace: Workspace) -> Segment:
    return SegmentFactory(workspace=workspace, name="French")


def used_in(segment: Segment) -> list[tuple[str, str, str]]:
    uses = uses_of(segment.workspace, [segment.pk])[segment.pk]
    return [(str(use.kind), use.name, use.url) for use in uses]


def test_a_chosen_segment_is_used(segment: Segment) -> None:
    campaign = Campaign.objects.create(workspace=segment.workspace, name="Sale")
    canvas = Canvas.objects.create(workspace=segment.workspace, name="Welcome")
    campaign.segments.add(segment)
    canvas.segments.add(segment)
    assert used_in(segment) == [
        ("Campaign", "Sale", f"/w/acme/campaigns/{campaign.pk}/"),
        ("Canvas", "Welcome", f"/w/acme/canvas/{canvas.pk}/"),
    ]


@pytest.mark.parametrize("field", ["tree", "exit_tree"])
def test_a_segment_named_by_a_filter_is_used_once(segment: Segment, field: str) -> None:
    named = leaf("segment", "includes_none", str(segment.pk))
    canvas = Canvas.objects.create(workspace=segment.workspace, name="Welcome")
    Canvas.objects.update(**{field: tree_of(named, excluded=(named,))})
    canvas.segments.add(segment)
    assert [name for _kind, name, _url in used_in(segment)] == ["Welcome"]


def test_archived_and_foreign_things_are_left_out(segment: Segment) -> None:
    campaign = Campaign.objects.create(workspace=segment.workspace, name="Sale")
    campaign.segments.add(segment)
    campaign.archive()
    foreign = tree_of(leaf("segment", "includes_any", str(segment.pk)))
    Campaign.objects.create(workspace=SegmentFactory().workspace, name="Foreign", tree=foreign)
    assert used_in(segment) == []


def test_archiving_a_segment_names_what_uses_it(marketer_client: Client, segment: Segment) -> None:
    Campaign.objects.create(workspace=segment.workspace, name="Sale").segments.add(segment)
    page = marketer_client.get(f"/w/acme/segments/{segment.pk}/archive/")
    assert "This segment is in use." in page.text
    assert "Sale" in page.text
