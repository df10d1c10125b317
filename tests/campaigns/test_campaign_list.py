"""The lists of campaigns and of Canvases."""

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign, Canvas
from segments.audiences.estimates import Size
from segments.models import Segment
from tests.worlds.factories import SegmentFactory
from tests.worlds.targeting_world import leaf, make_people, tree_of
from workspaces.models import Workspace

CAMPAIGNS = "/w/acme/campaigns/"
CANVASES = "/w/acme/canvas/"


@pytest.fixture
def french(workspace: Workspace) -> Segment:
    return make_people(workspace)[0]


def listed(client: Client, url: str = CAMPAIGNS, **query: Any) -> list[str]:
    return [item.name for item in client.get(url, query).context["page"]]


def make(workspace: Workspace, name: str, **fields: Any) -> Campaign:
    return Campaign.objects.create(workspace=workspace, name=name, **fields)


def test_the_newest_edit_comes_first_and_archived_ones_are_left_out(
    analyst_client: Client, workspace: Workspace
) -> None:
    first, _second = make(workspace, "First"), make(workspace, "Second")
    make(workspace, "Gone").archive()
    first.save()
    assert listed(analyst_client) == ["First", "Second"]
    assert listed(analyst_client, status="archived") == ["Gone"]


def test_campaigns_are_found_by_words_channel_and_tag(
    analyst_client: Client, workspace: Workspace
) -> None:
    make(workspace, "Spring sale", tags=["sale"])
    make(workspace, "Spring walk", channel="webhook")
    assert listed(analyst_client, q='"spring sale"') == ["Spring sale"]
    assert listed(analyst_client, q="walk sale", sort="name") == ["Spring sale", "Spring walk"]
    assert listed(analyst_client, channel="webhook") == ["Spring walk"]
    assert listed(analyst_client, tag="sale") == ["Spring sale"]
    assert listed(analyst_client, q="autumn") == []


@pytest.mark.parametrize(
    ("sort", "names"),
    [("name", ["a", "b"]), ("-created_at", ["a", "b"]), ("nonsense", ["b", "a"])],
)
def test_campaigns_are_sorted(
    analyst_client: Client, workspace: Workspace, sort: str, names: list[str]
) -> None:
    later = make(workspace, "b")
    make(workspace, "a")
    later.save()
    assert listed(analyst_client, sort=sort) == names


def test_every_row_shows_the_reach_of_its_own_channel(
    analyst_client: Client, workspace: Workspace, french: Segment
) -> None:
    make(workspace, "By mail").segments.add(french)
    make(workspace, "By hook", channel="webhook").segments.add(french)
    make(workspace, "Filters", tree=tree_of(leaf("country", "any_of", "DE", "US")))
    page = analyst_client.get(CAMPAIGNS, {"sort": "name"})
    assert [
        (c.name, [r.size for r in c.numbers.reaches if r.channel == c.via])
        for c in page.context["page"]
    ] == [("By hook", [Size(7)]), ("By mail", [Size(3)]), ("Filters", [Size(3)])]


def test_a_canvas_shows_how_many_it_is_meant_for(
    analyst_client: Client, workspace: Workspace, french: Segment
) -> None:
    canvas = Canvas.objects.create(workspace=workspace, name="Welcome", entry={"type": "api"})
    canvas.segments.add(french)
    page = analyst_client.get(CANVASES)
    assert [c.numbers.total for c in page.context["page"]] == [Size(7)]
    assert "API-triggered" in page.text


def test_a_list_has_pages(analyst_client: Client, workspace: Workspace) -> None:
    for number in range(26):
        make(workspace, f"{number:02}")
    assert len(listed(analyst_client)) == 25
    assert listed(analyst_client, page=2, sort="name") == ["25"]


def test_htmx_gets_the_rows_alone(analyst_client: Client, workspace: Workspace) -> None:
    make(workspace, "Spring")
    answer = analyst_client.get(CAMPAIGNS, {"q": "spr"}, headers={"HX-Request": "true"})
    assert answer.text.startswith('<div id="results"')


@pytest.mark.parametrize(
    ("url", "title", "action"),
    [
        (CAMPAIGNS, "No campaigns yet", "Create Campaign"),
        (CANVASES, "No Canvases yet", "Create Canvas"),
    ],
)
def test_an_empty_list_says_what_to_do(
    marketer_client: Client, analyst_client: Client, url: str, title: str, action: str
) -> None:
    page = marketer_client.get(url)
    assert title in page.text
    assert page.text.count(action) == 2
    assert action not in analyst_client.get(url).text


@pytest.mark.parametrize(("url", "model"), [(CAMPAIGNS, Campaign), (CANVASES, Canvas)])
@pytest.mark.parametrize("rows", [1, 3])
def test_a_list_asks_the_same_of_the_database_for_one_row_and_for_three(
    analyst_client: Client,
    french: Segment,
    django_assert_num_queries: Any,
    url: str,
    model: Any,
    rows: int,
) -> None:
    for number in range(rows):
        own = SegmentFactory(workspace=french.workspace, tree=french.tree)
        item = model.objects.create(workspace=french.workspace, name=str(number))
        item.segments.set([french, own])
    analyst_client.get(url)  # builds the bitmaps, which later calls only catch up
    with django_assert_num_queries(17):
        analyst_client.get(url)


@pytest.mark.parametrize("url", [CAMPAIGNS, CANVASES])
def test_a_stranger_gets_404(stranger_client: Client, workspace: Workspace, url: str) -> None:
    assert stranger_client.get(url).status_code == 404
