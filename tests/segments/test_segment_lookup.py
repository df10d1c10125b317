"""User lookup: one person, every filter with what it sees, and the verdict with its reasons."""

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign
from profiles.models import Profile
from segments.audiences.people import people_of
from segments.builder.lookup import Lookup, look_up
from segments.filters.catalogue import Catalogue
from segments.trees.tree import load_tree
from tests.worlds.factories import AliasFactory, DeviceFactory, ProfileFactory, SegmentFactory
from tests.worlds.markup import squeezed
from tests.worlds.targeting_world import builder_fields, leaf, tree_of
from workspaces.models import Workspace

NEW = "/w/acme/segments/new/"
HTMX = {"HX-Request": "true"}
FRENCH = leaf("country", "any_of", "FR")
PARIS = leaf("city", "equals", "Paris")


@pytest.fixture
def ada(workspace: Workspace) -> Profile:
    return ProfileFactory(
        workspace=workspace,
        external_id="ada",
        country="FR",
        home_city="Lyon",
        email="ada@example.com",
    )


def asked(workspace: Workspace, tree: Any, text: str = "ada", *, personal: bool = True) -> Lookup:
    with people_of(workspace) as people:
        return look_up(people, text, load_tree(tree), Catalogue(workspace), personal=personal)


def test_every_filter_says_what_it_sees(workspace: Workspace, ada: Profile) -> None:
    (answer,) = asked(workspace, tree_of(FRENCH, PARIS)).answers
    (group,) = answer.groups
    assert [(item.sentence, item.holds, item.seen) for item in group.filters] == [
        ("Country is any of FR", True, "FR"),
        ("City equals Paris", False, "Lyon"),
    ]
    assert (answer.inside, answer.reasons) == (False, ["“City equals Paris” does not hold"])


@pytest.mark.parametrize(
    ("tree", "reasons"),
    [
        ({}, []),
        (tree_of(FRENCH), []),
        (
            tree_of(PARIS, leaf("language", "not_blank")),
            ["these do not hold: “City equals Paris”; “Language is not blank”"],
        ),
        (
            {"groups": [{"join": "any", "filters": [PARIS, leaf("city", "blank")]}]},
            ["none of these holds: “City equals Paris”; “City is blank”"],
        ),
        ({"join": "any", "groups": [{"filters": [PARIS]}, {"filters": [FRENCH]}]}, []),
        (
            tree_of(FRENCH, excluded=(leaf("city", "equals", "Lyon"), PARIS)),
            ["excluded, as this holds: “City equals Lyon”"],
        ),
    ],
)
def test_the_verdict_has_its_reasons(
    workspace: Workspace, ada: Profile, tree: Any, reasons: list[str]
) -> None:
    (answer,) = asked(workspace, tree).answers
    assert (answer.inside, answer.reasons) == (not reasons, reasons)


def test_a_nested_segment_shows_its_own_filters(workspace: Workspace, ada: Profile) -> None:
    inner = SegmentFactory(workspace=workspace, name="In Paris", tree=tree_of(FRENCH, PARIS))
    tree = tree_of(leaf("segment", "includes_any", str(inner.pk)))
    (answer,) = asked(workspace, tree).answers
    ((item,),) = [group.filters for group in answer.groups]
    (nested,) = item.nested
    assert (item.holds, nested.name, nested.tree.holds) == (False, "In Paris", False)
    assert [each.holds for each in nested.tree.groups[0].filters] == [True, False]


@pytest.mark.parametrize("text", ["ada", "nick:countess", "phone-1", "ada@example.com", "BRAZE"])
def test_a_person_is_found_by_any_name(workspace: Workspace, ada: Profile, text: str) -> None:
    AliasFactory(profile=ada, label="nick", name="countess")
    DeviceFactory(profile=ada, device_id="phone-1")
    found = asked(workspace, {}, ada.braze_id.upper() if text == "BRAZE" else text)
    assert [answer.profile for answer in found.answers] == [ada]


def test_three_of_those_found_are_shown(workspace: Workspace) -> None:
    for _ in range(4):
        ProfileFactory(workspace=workspace, email="shared@example.com")
    found = asked(workspace, {}, "shared@example.com")
    assert (found.found, len(found.answers)) == (4, 3)


def test_without_personal_data_nobody_is_found_by_it_and_it_is_hidden(
    workspace: Workspace, ada: Profile
) -> None:
    assert asked(workspace, {}, "ada@example.com", personal=False).found == 0
    tree = tree_of(leaf("email", "not_blank"), FRENCH)
    (answer,) = asked(workspace, tree, personal=False).answers
    assert [(item.seen, item.hidden) for item in answer.groups[0].filters] == [
        ("", True),
        ("FR", False),
    ]


def test_somebody_of_another_workspace_is_not_found(workspace: Workspace) -> None:
    ProfileFactory(external_id="theirs")
    assert asked(workspace, {}, "theirs").found == 0


def test_the_draft_is_asked_as_it_stands(
    marketer_client: Client, workspace: Workspace, ada: Profile
) -> None:
    posted = builder_fields(("country", "any_of", "DE")) | {"user": " ada "}
    answer = marketer_client.post(NEW, posted | {"action": "tree:refresh"})
    assert "“Country is any of DE” does not hold." in answer.text
    assert 'value="ada"' in answer.text
    live = marketer_client.post(NEW, posted, headers=HTMX)
    assert 'id="lookup-answers" role="status" hx-swap-oob="true"' in live.text
    nobody = marketer_client.post(NEW, posted | {"user": "x<b>"}, headers=HTMX)
    assert "No user has the identifier “x&lt;b&gt;”." in nobody.text


def test_an_analyst_asks_on_the_page_of_a_segment(
    analyst_client: Client, workspace: Workspace, ada: Profile
) -> None:
    segment = SegmentFactory(workspace=workspace, tree=tree_of(leaf("email", "not_blank")))
    page = analyst_client.get(segment.get_absolute_url(), {"user": "ada"})
    assert page.context["lookup"].answers[0].inside
    assert "value hidden: personal data" in page.text
    assert "ada@example.com" not in page.text


def test_the_answer_alone_takes_the_place_of_the_last_one(
    analyst_client: Client, workspace: Workspace, ada: Profile
) -> None:
    segment = SegmentFactory(workspace=workspace, tree=tree_of(FRENCH))
    headers = HTMX | {"HX-Target": "lookup-answers"}
    for user, verdict in (("ada", "lookup-yes"), ("x", "No user has the identifier"), ("", "")):
        url = segment.get_absolute_url()
        answer = analyst_client.get(url, {"user": user}, headers=headers)
        assert squeezed(answer.text).startswith('<div id="lookup-answers"')
        assert verdict in answer.text


def test_a_campaign_says_also_which_segment_somebody_is_not_in(
    marketer_client: Client, workspace: Workspace, ada: Profile
) -> None:
    paris = SegmentFactory(workspace=workspace, name="In Paris", tree=tree_of(PARIS))
    campaign = Campaign.objects.create(workspace=workspace, name="Win back")
    posted = {"segments": [paris.pk], "send_to": "subscribed", "user": "ada"} | builder_fields()
    answer = marketer_client.post(campaign.audience_url, posted, headers=HTMX)
    assert "“Segment Membership includes any of In Paris” does not hold" in answer.text
