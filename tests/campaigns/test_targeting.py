"""From chosen segments and filters to an audience, its steps and its reach."""

from typing import Any

import pytest

from campaigns.channels.base import CHANNELS
from campaigns.models import Campaign, SendTo
from campaigns.targeting import Numbers, Summary, Target, numbers_of
from segments.audiences.estimates import Size
from segments.audiences.people import people_of
from segments.filters.base import Catalogue
from segments.models import Segment
from segments.trees.tree import load_tree
from tests.worlds.factories import ProfileFactory, SegmentFactory
from tests.worlds.targeting_world import HAS_ADDRESS, UNSUBSCRIBED, leaf, make_people, tree_of
from workspaces.models import Workspace

FULL_TREE = tree_of(leaf(*HAS_ADDRESS), excluded=(leaf(*UNSUBSCRIBED),))


@pytest.fixture
def french(workspace: Workspace) -> Segment:
    return make_people(workspace)[0]


@pytest.fixture
def trial(french: Segment) -> Segment:
    return Segment.objects.get(name="Trial")


def summary(
    workspace: Workspace,
    *segments: Segment,
    tree: dict[str, Any] | None = None,
    send_to: SendTo = SendTo.SUBSCRIBED,
) -> Summary:
    with people_of(workspace) as people:
        return Target(segments, load_tree(tree or {}), send_to).summary(people)


def reach(numbers: Numbers) -> dict[str, int]:
    assert numbers.exact
    return {reach.channel.key: reach.size.count for reach in numbers.reaches if reach.size}


def test_without_a_choice_everyone_is_meant(workspace: Workspace, french: Segment) -> None:
    found = summary(workspace)
    assert (found.numbers.total, found.numbers.everyone) == (Size(10), Size(10))
    assert (found.stages, len(found.sample)) == ([], 10)


def test_users_must_be_in_all_segments(
    workspace: Workspace, french: Segment, trial: Segment
) -> None:
    found = summary(workspace, french, trial)
    assert [p.external_id for p in found.sample] == ["1", "2", "3", "4", "5", "6"]
    assert (found.numbers.total, found.numbers.everyone) == (Size(6), Size(10))


def test_every_step_says_what_it_holds_for_and_who_is_left(
    workspace: Workspace, french: Segment, trial: Segment
) -> None:
    found = summary(workspace, trial, french, tree=FULL_TREE)
    assert [(stage.label, stage.size, stage.left) for stage in found.stages] == [
        ("Trial", Size(8), Size(8)),
        ("French", Size(7), Size(6)),
        ("Additional filters", Size(9), Size(5)),
        ("Exclusion groups", Size(1), Size(4)),
    ]
    assert found.numbers.total == Size(4)


@pytest.mark.parametrize(
    ("send_to", "by_email"),
    [(SendTo.SUBSCRIBED, 2), (SendTo.OPTED_IN, 1), (SendTo.EVERYONE, 3)],
)
def test_the_subscription_setting_decides_whom_email_reaches(
    workspace: Workspace, french: Segment, trial: Segment, send_to: SendTo, by_email: int
) -> None:
    found = summary(workspace, french, trial, send_to=send_to)
    assert reach(found.numbers) == {"email": by_email, "webhook": 6}


def test_exclusions_alone_subtract_from_everyone(workspace: Workspace, french: Segment) -> None:
    found = summary(workspace, tree=tree_of(excluded=(leaf("country", "any_of", "FR"),)))
    assert [(stage.size, stage.left) for stage in found.stages] == [(Size(7), Size(3))]
    assert reach(found.numbers) == {"email": 3, "webhook": 3}


def test_reach_follows_a_change(workspace: Workspace, french: Segment, trial: Segment) -> None:
    assert reach(summary(workspace, french, trial).numbers)["email"] == 2
    workspace.profiles.filter(external_id="1").update(email_subscribe="unsubscribed")
    assert reach(summary(workspace, french, trial).numbers)["email"] == 1


def test_another_workspace_is_never_meant(workspace: Workspace) -> None:
    ProfileFactory(email="a@example.com")
    assert reach(summary(workspace).numbers) == {"email": 0, "webhook": 0}


@pytest.mark.parametrize(
    ("names", "tree", "sentence"),
    [
        ([], {}, "Everyone"),
        (["French"], {}, "Everyone in “French”"),
        (["French", "Trial"], {}, "Everyone in “French” and “Trial”"),
        (
            ["French"],
            tree_of(leaf(*HAS_ADDRESS)),
            "Everyone in “French” for whom Email address is not blank",
        ),
        (
            ["French"],
            tree_of(excluded=(leaf(*UNSUBSCRIBED),)),
            "Everyone in “French”, except those for whom Email subscription status is Unsubscribed",
        ),
        (
            ["French"],
            FULL_TREE,
            "Everyone in “French” for whom Email address is not blank, except those for whom "
            "Email subscription status is Unsubscribed",
        ),
        ([], tree_of(leaf(*HAS_ADDRESS)), "Everyone for whom Email address is not blank"),
    ],
)
def test_an_audience_is_said_in_words(
    workspace: Workspace, names: list[str], tree: dict[str, Any], sentence: str
) -> None:
    segments = tuple(SegmentFactory(workspace=workspace, name=name) for name in names)
    target = Target(segments, load_tree(tree), SendTo.SUBSCRIBED)
    assert target.sentence(Catalogue(workspace)) == sentence


def test_three_segments_are_listed(workspace: Workspace) -> None:
    segments = tuple(SegmentFactory(workspace=workspace, name=name) for name in "abc")
    target = Target(segments, load_tree({}), SendTo.SUBSCRIBED)
    assert target.sentence(Catalogue(workspace)) == "Everyone in “a”, “b” and “c”"


def test_the_numbers_of_a_list_leave_out_what_cannot_be_answered(
    workspace: Workspace, french: Segment
) -> None:
    gone = "00000000-0000-0000-0000-000000000000"
    good = Campaign.objects.create(workspace=workspace, name="Good")
    good.segments.add(french)
    tree = tree_of(leaf("segment", "includes_any", gone))
    Campaign.objects.create(workspace=workspace, name="Bad", tree=tree)
    found = numbers_of(workspace, Campaign.objects.all())
    assert {pk: numbers.total for pk, numbers in found.items()} == {good.pk: Size(7)}
    assert [reach.channel for reach in found[good.pk].reaches] == list(CHANNELS.values())
