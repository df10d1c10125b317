"""A regular expression that would run for hours ends in time and is told, not thrown."""

from time import monotonic
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from segments.audiences import jobs
from segments.audiences.patience import SMALL_SECONDS
from segments.audiences.people import people_of
from segments.filters.fields import validate_regex
from segments.models import LeafBuild, Segment
from segments.trees.tree import load_tree
from tests.segments.test_segment_pages import HTMX, NEW, builder
from tests.worlds.factories import ProfileFactory, SegmentFactory
from tests.worlds.targeting_world import declare, leaf, tree_of
from workspaces.models import Workspace

pytestmark = pytest.mark.hurried

#: Back-references over a text that has none of what they want: hours of trying.
EVIL = r"^(a|aa)+(a+)(a+)b\1\2\3c$"


@pytest.fixture
def evil(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The builder with such a filter, with little patience."""
    monkeypatch.setattr(jobs, "JOB_TIMEOUT_MS", 300)
    declare(workspace, bio="string")
    bio = "a" * 3000 + "b" + "a" * 3001 + "c"
    ProfileFactory(workspace=workspace, external_id="ada", custom={"bio": bio})
    return builder([("custom_string:bio", "matches", EVIL)])


def test_a_page_does_not_wait_for_it(marketer_client: Client, evil: dict[str, Any]) -> None:
    answer = marketer_client.post(NEW, evil, headers=HTMX)
    assert answer.status_code == 200
    assert "The exact number follows by itself." in answer.text


def test_the_job_gives_up_and_the_page_says_why(
    marketer_client: Client, evil: dict[str, Any]
) -> None:
    marketer_client.post(NEW, evil, headers=HTMX)
    for asked in LeafBuild.objects.all():
        jobs.build(asked)
    answer = marketer_client.post(NEW, evil, headers=HTMX)
    said = "The exact size could not be calculated: a filter takes longer than two minutes"
    assert said in answer.text


@pytest.fixture
def evil_segment(workspace: Workspace, evil: dict[str, Any]) -> Segment:
    tree = tree_of(leaf("custom_string:bio", "matches", EVIL))
    return SegmentFactory(workspace=workspace, tree=tree)


@pytest.mark.parametrize("part", ["users/?q=ada", "?user=ada"])
def test_a_question_about_one_person_ends_in_time(
    marketer_client: Client, evil_segment: Segment, part: str
) -> None:
    begun = monotonic()
    answer = marketer_client.get(evil_segment.get_absolute_url() + part)
    assert "These filters cannot be evaluated" in answer.text
    assert monotonic() - begun < 5


def test_all_that_is_slow_in_a_small_workspace_shares_one_time(
    workspace: Workspace, evil: dict[str, Any]
) -> None:
    slow = [leaf("custom_string:bio", "matches", f"{EVIL}|x{n}") for n in range(20)]
    begun = monotonic()
    with people_of(workspace, within=0.0) as people:
        people.prepare([load_tree(tree_of(*slow))])
    assert len(people.leaves.waiting) == 20
    assert monotonic() - begun < 8 * SMALL_SECONDS


def test_another_value_of_a_slow_filter_is_tried_for_a_shorter_time(
    workspace: Workspace, evil: dict[str, Any]
) -> None:
    first, second = (seconds_for(workspace, "matches", f"{EVIL}|x{n}") for n in range(2))
    assert second < SMALL_SECONDS / 2 < first


def seconds_for(workspace: Workspace, operator: str, value: str) -> float:
    """Return how long a page tries one filter over the attribute."""
    begun = monotonic()
    with people_of(workspace, within=0.0) as people:
        people.prepare([load_tree(tree_of(leaf("custom_string:bio", operator, value)))])
    return monotonic() - begun


def test_a_page_of_members_says_why_there_is_no_list(
    marketer_client: Client, evil_segment: Segment
) -> None:
    url = f"{evil_segment.get_absolute_url()}users/"
    first = marketer_client.get(url)
    assert ("is being prepared" in first.text, "every 700ms" in first.text) == (True, True)
    for asked in LeafBuild.objects.all():
        jobs.build(asked)
    failed = marketer_client.get(url)
    assert "The exact size could not be calculated:" in failed.text
    assert ("is being prepared" in failed.text, "every 10s" in failed.text) == (False, True)


def test_a_list_says_why_a_size_is_missing_and_asks_less_often(
    marketer_client: Client, evil_segment: Segment
) -> None:
    first = marketer_client.get("/w/acme/segments/")
    assert "every 700ms" in first.text
    for asked in LeafBuild.objects.all():
        jobs.build(asked)
    failed = marketer_client.get("/w/acme/segments/")
    said = "Some exact sizes could not be calculated: a filter takes longer than two minutes"
    assert (said in failed.text, "every 10s" in failed.text) == (True, True)


def test_an_expression_that_takes_long_to_read_is_refused(
    marketer_client: Client, workspace: Workspace
) -> None:
    slow = ("city", "matches", "((a{0,60}){0,60}){0,3}")
    begun = monotonic()
    answer = marketer_client.post(NEW, builder([slow]), headers=HTMX)
    assert "This regular expression takes too long to read." in answer.text
    assert monotonic() - begun < 5


def test_what_is_larger_than_a_filter_is_not_read(workspace: Workspace) -> None:
    validate_regex("(" * 10_001)
    with pytest.raises(ValidationError):
        validate_regex("(" * 10_000)


@pytest.mark.parametrize("pattern", ["(a{1,255}){1,255}", "(", r"\2"])
def test_what_is_no_expression_or_too_complex_is_refused(
    marketer_client: Client, workspace: Workspace, pattern: str
) -> None:
    answer = marketer_client.post(NEW, builder([("city", "matches", pattern)]), headers=HTMX)
    assert "This is not a regular expression." in answer.text
