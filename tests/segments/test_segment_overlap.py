"""Two segments beside each other."""

from typing import Any

import pytest
from django.test import Client

from segments.audiences.estimates import Size
from segments.models import Segment
from tests.worlds.factories import SegmentFactory
from tests.worlds.markup import squeezed
from tests.worlds.targeting_world import leaf, make_people, tree_of
from workspaces.models import Workspace

PAGE = "/w/acme/segments/overlap/"


@pytest.fixture
def pair(workspace: Workspace) -> dict[str, Any]:
    a, b = make_people(workspace)
    return {"a": a.pk, "b": b.pk}


def test_sizes_and_shares_of_both(analyst_client: Client, pair: dict[str, Any]) -> None:
    page = analyst_client.get(PAGE, pair)
    found = page.context["overlap"]
    assert (found.only_a, found.both, found.only_b) == (Size(1), Size(6), Size(2))
    assert (found.a, found.b) == (Size(7), Size(8))
    assert found.bars == {"start": 111, "end": 777, "shared": 666, "rest": 889}
    assert "85.7%" in page.text
    assert "75.0%" in page.text


def test_a_choice_answers_in_place(analyst_client: Client, pair: dict[str, Any]) -> None:
    answer = analyst_client.get(PAGE, pair, headers={"HX-Request": "true"})
    assert squeezed(answer.text).startswith('<div id="results">')


def test_two_empty_segments_are_drawn_as_nothing(
    analyst_client: Client, workspace: Workspace
) -> None:
    segment = SegmentFactory(workspace=workspace)
    page = analyst_client.get(PAGE, {"a": segment.pk, "b": segment.pk})
    assert "No user is in either segment." in page.text


@pytest.mark.parametrize(
    "asked", [{}, {"a": "nonsense"}, {"a": "", "b": ""}, {"a": "\0", "b": "1"}]
)
def test_without_two_segments_there_is_nothing_to_compare(
    analyst_client: Client, workspace: Workspace, asked: dict[str, str]
) -> None:
    page = analyst_client.get(PAGE, asked)
    assert (page.status_code, "overlap" in page.context) == (200, False)


def test_one_segment_is_kept_until_the_other_is_chosen(
    analyst_client: Client, pair: dict[str, Any]
) -> None:
    page = analyst_client.get(PAGE, {"a": pair["a"]})
    assert f'<option value="{pair["a"]}" selected>French</option>' in page.text
    assert "This field is required." not in page.text


def test_a_segment_of_another_workspace_is_not_compared(
    analyst_client: Client, pair: dict[str, Any]
) -> None:
    foreign: Segment = SegmentFactory(tree=tree_of(leaf("country", "any_of", "FR")))
    page = analyst_client.get(PAGE, pair | {"b": foreign.pk})
    assert "overlap" not in page.context


def test_a_segment_that_cannot_be_answered_is_said(
    analyst_client: Client, workspace: Workspace, pair: dict[str, Any]
) -> None:
    broken = SegmentFactory(workspace=workspace, tree=tree_of(leaf("gone", "is")))
    page = analyst_client.get(PAGE, pair | {"b": broken.pk})
    assert "One of these segments cannot be evaluated" in page.text
