"""A channel is one class: nothing else names it."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from django import forms
from django.conf import settings
from django.test import Client

from campaigns.alternatives import DraftForm
from campaigns.channels.base import CHANNELS, Channel, SendTo, register
from campaigns.models import Campaign
from segments.builder.reach import WAYS
from segments.filters.attributes import AttributeFilter
from segments.filters.base import FILTERS
from segments.models import Segment
from segments.trees.tree import Group, Tree
from tests.worlds.rest_callers import rest_caller
from tests.worlds.targeting_world import make_people
from workspaces.models import Workspace

NEW = "/w/acme/campaigns/new/"
POSTED = {"name": "Coo", "channel": "pigeon", "pigeon-note": "Come home", "then": "summary"}
IN_GERMANY: AttributeFilter = FILTERS["country"]("", "any_of", ("DE",))  # type: ignore[assignment]


class NoteForm(DraftForm):
    needed = ("note",)

    note = forms.CharField(label="Note", required=False)


class Pigeon(Channel):
    key = "pigeon"
    label = "Pigeon"
    icon = "feather"
    form = NoteForm
    reaches: ClassVar[dict[SendTo, Tree]] = dict.fromkeys(SendTo, Tree((Group((IN_GERMANY,)),)))
    figures = ("sent", "lost")

    def details(self, message: dict[str, Any], *, title: str) -> dict[str, Any]:
        return {"note": message["note"], "ring": title}


@pytest.fixture
def pigeon() -> Iterator[None]:
    register(Pigeon)
    yield
    del CHANNELS["pigeon"], WAYS["pigeon"]


@pytest.fixture
def french(workspace: Workspace) -> Segment:
    return make_people(workspace)[0]


@pytest.fixture
def campaign(pigeon: None, marketer_client: Client, workspace: Workspace) -> Campaign:
    """A campaign that was drafted on the page."""
    marketer_client.post(NEW, POSTED)
    return Campaign.objects.get()


def rows(text: str) -> str:
    """Leave of a page what stands between its tags, without breaks."""
    return " ".join(text.split())


def test_the_form_offers_a_new_channel(pigeon: None, marketer_client: Client) -> None:
    page = rows(marketer_client.get(NEW).text)
    assert 'data-of="pigeon"' in page
    assert '<h3 class="alternative-title">Pigeon</h3>' in page
    assert 'name="pigeon-note"' in page


def test_its_draft_is_stored(campaign: Campaign) -> None:
    assert (campaign.channel, campaign.message) == ("pigeon", {"note": "Come home"})
    assert campaign.get_channel_display() == "Pigeon"


def test_its_page_shows_its_icon_its_draft_and_its_reach(
    french: Segment, campaign: Campaign, marketer_client: Client
) -> None:
    page = marketer_client.get(campaign.get_absolute_url())
    drawing = (settings.ICONS_DIR / "feather.svg").read_text().split('<path d="')[-1].split('"')[0]
    assert page.text.count(drawing) == 2
    assert "<dt>Note</dt><dd>Come home</dd>" in rows(page.text).replace("> <", "><")
    assert '<dd id="reach-pigeon">2</dd>' in page.text


def test_what_its_draft_misses_is_said(
    campaign: Campaign, marketer_client: Client, workspace: Workspace
) -> None:
    Campaign.objects.update(message={})
    assert marketer_client.get(campaign.get_absolute_url()).context["missing"] == ["Note"]


def test_the_list_shows_it_and_is_narrowed_by_it(
    french: Segment, campaign: Campaign, analyst_client: Client, workspace: Workspace
) -> None:
    Campaign.objects.create(workspace=workspace, name="By mail")
    page = analyst_client.get("/w/acme/campaigns/", {"channel": "pigeon"})
    (row,) = page.context["page"]
    assert [reach.size.count for reach in row.numbers.reaches if reach.channel == row.via] == [2]
    assert "</svg> Pigeon</td>" in page.text


def test_a_segment_is_reached_by_it(
    pigeon: None, french: Segment, analyst_client: Client, workspace: Workspace
) -> None:
    page = analyst_client.get(french.get_absolute_url())
    assert [(way.label, size.count) for way, size in page.context["reaches"]] == [
        ("Email", 3),
        ("Webhook", 7),
        ("Pigeon", 0),
    ]
    assert "Pigeon</dt><dd>0</dd>" in page.text


def test_the_rest_api_tells_of_it(campaign: Campaign, workspace: Workspace) -> None:
    caller = rest_caller(workspace)
    found = caller.get("/campaigns/details", {"campaign_id": campaign.pk}).json()
    assert found["messages"] == {
        str(campaign.pk): {
            "channel": "pigeon",
            "name": "Variant 1",
            "note": "Come home",
            "ring": "Coo",
        }
    }
    asked = {"campaign_id": campaign.pk, "length": 1}
    days = caller.get("/campaigns/data_series", asked).json()["data"]
    figures = {"variation_api_id": str(campaign.pk), "sent": 0, "lost": 0}
    assert days[0]["messages"] == {"pigeon": [figures]}


def test_two_channels_of_one_name_are_refused(pigeon: None) -> None:
    class Another(Pigeon):
        pass

    with pytest.raises(ValueError, match="two channels are called 'pigeon'"):
        register(Another)


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=str)
def test_a_channel_is_whole(channel: Channel) -> None:
    assert set(channel.reaches) == set(SendTo)
    assert len(channel.key) <= Campaign._meta.get_field("channel").max_length
    assert (settings.ICONS_DIR / f"{channel.icon}.svg").exists()
