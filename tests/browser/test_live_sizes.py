"""Sizes that change in place, while one edits and the partner goes on syncing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from braze_portal.demo import DROP_OFFS, Heap
from segments.models import Segment
from tests.browser.steps import add_filter, pick, users
from workspaces.models import Member

pytestmark = pytest.mark.browser


def test_a_size_follows_the_sync_and_the_editor(
    visit: Callable[..., Page],
    marketer: Member,
    people: int,
    synced_heap: Heap,
    drop_offs_segment: Segment,
) -> None:
    page = visit(marketer)
    page.goto(f"{drop_offs_segment.get_absolute_url()}edit/")
    size = page.locator("#segment-size")
    expect(size).to_have_text("40")
    page.get_by_label("Description").fill("not saved yet")
    operator = page.get_by_label("Operator of Heap Cohorts")
    synced_heap.users(DROP_OFFS, [{"user_ids": users(41, 50)}])
    operator.select_option(label="does not include")
    expect(size).to_have_text(str(people - 50))
    synced_heap.users(DROP_OFFS, [{"user_ids": users(1, 25), "should_remove": True}])
    operator.select_option(label="includes any of")
    expect(size).to_have_text("25")
    add_filter(page, "External user ID").get_by_label("Value").fill("user-50")
    expect(size).to_have_text("1")
    expect(page.get_by_role("region", name="User preview")).to_contain_text("user-50")
    # All on the page that was opened: nothing that was typed is gone.
    expect(page.get_by_label("Description")).to_have_value("not saved yet")


def test_the_reach_follows_the_segments_that_are_chosen(
    visit: Callable[..., Page], marketer: Member, people: int, drop_offs_segment: Segment
) -> None:
    page = visit(marketer)
    page.goto("/w/acme/campaigns/new/")
    page.get_by_label("Name", exact=True).fill("Come back")
    page.get_by_role("button", name="Save and continue").click()
    size = page.locator("#audience-size")
    expect(size).to_have_text(str(people))
    pick(page.get_by_role("combobox", name="Segments"), drop_offs_segment.name)
    expect(size).to_have_text("40")
    page.get_by_role("button", name="Add exclusion group").click()
    row = add_filter(page, "External user ID", group="Exclusion group 1")
    row.get_by_label("Value").fill("user-7")
    expect(size).to_have_text("39")
    expect(page.locator("#reach-webhook")).to_have_text("39")


def test_what_is_wrong_with_a_filter_is_said_beside_it(
    visit: Callable[..., Page], marketer: Member, synced_heap: Heap
) -> None:
    page = visit(marketer)
    page.goto("/w/acme/segments/new/")
    first = add_filter(page, "Random bucket #").get_by_label("Value of Random bucket #")
    expect(first).to_have_accessible_description("")
    first.fill("20")
    page.get_by_label("Last of the range").fill("10")
    expect(first).to_have_accessible_description("The first bucket comes after the last.")
    page.get_by_label("Last of the range").fill("9999")
    expect(first).to_have_accessible_description("")
    expect(page.locator(".is-invalid")).to_have_count(0)
