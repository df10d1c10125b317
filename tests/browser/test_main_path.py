"""The main path: from the partner's page to an audience."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from braze_portal.demo import DROP_OFFS, Heap
from tests.browser.steps import (
    add_filter,
    generate_key,
    heading,
    navigate,
    pick,
    sign_in,
    users,
)
from workspaces.models import Member

pytestmark = pytest.mark.browser


def test_heap_is_connected_and_its_cohort_targeted(
    visit: Callable[..., Page],
    admin: Member,
    marketer: Member,
    people: int,
    heap_at: Callable[[str, str], Heap],
) -> None:
    page = visit()
    sign_in(page, admin)
    key, endpoint = connect_heap(page)
    receive_cohort(page, heap_at(endpoint, key))
    page = visit()
    sign_in(page, marketer)
    build_segment(page, people)
    target_campaign(page)
    target_canvas(page)


def connect_heap(page: Page) -> tuple[str, str]:
    navigate(page, "Technology Partners")
    page.get_by_role("link", name="Heap", exact=True).click()
    expect(page.get_by_text("Not connected")).to_be_visible()
    key, endpoint = generate_key(page, "Production")
    expect(heading(page)).to_have_text("Heap")
    return key, endpoint


def receive_cohort(page: Page, heap: Heap) -> None:
    """The calls appear by themselves in the ledger that is open."""
    expect(page.get_by_text("No call yet")).to_be_visible()
    heap.name(DROP_OFFS)
    heap.users(DROP_OFFS, [{"user_ids": [*users(1, 40), "stranger"]}])
    ledger = page.get_by_role("region", name="Sync ledger").get_by_role("table")
    counts = ledger.get_by_role("row").filter(has_text="Applied").first.get_by_role("cell")
    expect(counts.nth(1)).to_contain_text("Trial drop-offs")
    expect(counts.nth(2)).to_have_text("41")
    expect(counts.nth(3)).to_have_text("40")
    expect(counts.nth(6)).to_have_text("1")
    expect(page.get_by_role("region", name="Cohorts").get_by_role("row").nth(1)).to_contain_text(
        "40"
    )


def build_segment(page: Page, people: int) -> None:
    navigate(page, "Segments")
    page.get_by_role("link", name="Create Segment").first.click()
    page.get_by_label("Name").fill("Dropped out of the trial")
    expect(page.locator("#segment-size")).to_have_text(str(people))
    row = add_filter(page, "Heap Cohorts")
    pick(row.get_by_role("combobox", name="Value"), "Trial drop-offs")
    expect(page.locator("#segment-size")).to_have_text("40")
    expect(page.locator("#sentence")).to_contain_text("Heap Cohorts includes Trial drop-offs")
    page.get_by_role("button", name="Save").click()
    expect(heading(page)).to_have_text("Dropped out of the trial")
    expect(page.locator("#segment-size")).to_have_text("40")


def target_campaign(page: Page) -> None:
    navigate(page, "Campaigns")
    page.get_by_role("link", name="Create Campaign").first.click()
    page.get_by_label("Name", exact=True).fill("Come back")
    page.get_by_role("textbox", name="Subject").fill("We kept your seat")
    page.get_by_role("textbox", name="Body", exact=True).fill(
        "Your trial goes on where you left it."
    )
    page.get_by_role("button", name="Save and continue").click()
    choose_audience(page)


def target_canvas(page: Page) -> None:
    navigate(page, "Canvas")
    page.get_by_role("link", name="Create Canvas").first.click()
    page.get_by_label("Name", exact=True).first.fill("Second chance")
    page.get_by_label("Users enter on").fill("2027-01-11T09:00")
    page.get_by_role("button", name="Save and continue").click()
    choose_audience(page)


def choose_audience(page: Page) -> None:
    expect(heading(page)).to_have_text("Target Audiences")
    pick(page.get_by_role("combobox", name="Segments"), "Dropped out of the trial")
    expect(page.locator("#audience-size")).to_have_text("40")
    expect(page.locator("#reach-webhook")).to_have_text("40")
    by_email = page.locator("#reach-email").inner_text()
    assert 0 < int(by_email) < 40
    page.get_by_role("button", name="Save and continue").click()
    expect(page.locator("#audience-size")).to_have_text("40")
    expect(page.locator("#reach-email")).to_have_text(by_email)
    expect(page.get_by_role("region", name="Target Audiences")).to_contain_text(
        "Dropped out of the trial"
    )
