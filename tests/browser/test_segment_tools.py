"""What stands beside the builder: user lookup, the JSON view, and what saving would change."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from campaigns.models import Campaign
from segments.models import Segment
from tests.browser.steps import add_filter, heading
from workspaces.models import Member

pytestmark = pytest.mark.browser


@pytest.fixture
def editing(visit: Callable[..., Page], marketer: Member, drop_offs_segment: Segment) -> Page:
    """The editor of “Everyone for whom Heap Cohorts includes Trial drop-offs”."""
    page = visit(marketer)
    page.goto(f"{drop_offs_segment.get_absolute_url()}edit/")
    expect(page.locator("#segment-size")).to_have_text("40")
    return page


def test_a_lookup_says_why_and_follows_the_draft(editing: Page) -> None:
    editing.get_by_label("Is this user in, and why?").fill("user-7")
    editing.get_by_role("button", name="Look up").click()
    answer = editing.get_by_role("article", name="user-7")
    expect(answer).to_contain_text("In: matches all of the filters.")
    expect(answer).to_contain_text("sees: Trial drop-offs since")
    add_filter(editing, "External user ID").get_by_label("Value").fill("user-8")
    expect(answer).to_contain_text("Not in, because: “External user ID")
    expect(answer.get_by_text("does not hold", exact=True)).to_have_count(2)


def test_a_lookup_on_the_page_of_a_segment_is_in_its_address(
    visit: Callable[..., Page], analyst: Member, drop_offs_segment: Segment
) -> None:
    page = visit(analyst)
    page.goto(drop_offs_segment.get_absolute_url())
    page.get_by_label("Is this user in, and why?").fill("user-41")
    page.get_by_role("button", name="Look up").click()
    expect(page.get_by_role("article", name="user-41")).to_contain_text("Not in, because:")
    page.reload()
    expect(page.get_by_role("article", name="user-41")).to_contain_text("Not in, because:")


def test_a_tree_comes_back_from_the_json_view(editing: Page) -> None:
    tree = editing.get_by_label("Filters as JSON").input_value()
    editing.goto("/w/acme/segments/new/")
    editing.get_by_label("Name").fill("The same people")
    editing.get_by_text("JSON view").click()
    text = editing.get_by_label("Filters as JSON")
    text.fill(tree.replace("includes_any", "has_been_in"))
    editing.get_by_role("button", name="Apply").click()
    problem = re.compile("Filter 1 .*: it has no operator “has_been_in”")
    expect(text).to_have_accessible_description(problem)
    text.fill(tree)
    editing.get_by_role("button", name="Apply").click()
    expect(editing.locator("#segment-size")).to_have_text("40")
    expect(text).to_have_value(tree)
    editing.get_by_role("button", name="Save").click()
    expect(heading(editing)).to_have_text("The same people")


def test_a_draft_says_whom_and_what_it_changes(
    editing: Page, people: int, drop_offs_segment: Segment
) -> None:
    campaign = Campaign.objects.create(workspace=drop_offs_segment.workspace, name="Come back")
    campaign.segments.add(drop_offs_segment)
    impact = editing.get_by_role("region", name="Impact")
    expect(impact).to_contain_text("Nobody enters or leaves.")
    editing.get_by_label("Operator of Heap Cohorts").select_option(label="does not include")
    expect(impact).to_contain_text(f"{people - 40} enter, 40 leave.")
    expect(impact.get_by_role("link")).to_have_text("Come back")
    editing.get_by_label("Operator of Heap Cohorts").select_option(label="includes any of")
    expect(impact).to_contain_text("Nobody enters or leaves.")
