"""All of it with a browser that runs no scripts: every action is a button of a form."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from braze_portal.demo import DROP_OFFS, Heap, SyncRefused
from profiles.models import Profile
from segments.models import Segment
from tests.browser.steps import heading, sign_in
from workspaces.models import Member

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit: Callable[..., Page], admin: Member) -> Page:
    page = visit(java_script_enabled=False)
    sign_in(page, admin)
    return page


def add_filter(page: Page, label: str, *, group: str) -> Locator:
    card = page.get_by_role("group", name=group, exact=True)
    card.get_by_label("Add filter").select_option(label=label)
    card.get_by_role("button", name="Add filter").click()
    return card.get_by_role("listitem").filter(has_text=label)


def test_a_segment_is_built_by_buttons_alone(page: Page, synced_heap: Heap) -> None:
    page.goto("/w/acme/segments/new/")
    page.get_by_label("Name").fill("Reachable drop-outs")
    row = add_filter(page, "Heap Cohorts", group="Group 1")
    row.get_by_label("Value").select_option(label="Trial drop-offs")
    page.get_by_role("button", name="Add group", exact=True).click()
    row = add_filter(page, "Country", group="Group 2")
    row.get_by_label("Value").fill("FR\nCA")
    page.get_by_role("button", name="Add exclusion group").click()
    row = add_filter(page, "External user ID", group="Exclusion group 1")
    row.get_by_label("Value").fill("user-37")
    page.get_by_role("button", name="Update the numbers").click()
    meant = Profile.objects.filter(cohort_memberships__active=True, country__in=["FR", "CA"])
    size = meant.exclude(external_id="user-37").count()
    assert 1 < size < 40
    expect(page.locator("#segment-size")).to_have_text(str(size))
    expect(page.get_by_label("Name")).to_have_value("Reachable drop-outs")
    page.get_by_role("button", name="Save").click()
    expect(heading(page)).to_have_text("Reachable drop-outs")
    expect(page.locator("#segment-size")).to_have_text(str(size))


def test_a_key_is_revealed_and_the_ledger_filtered(page: Page, synced_heap: Heap) -> None:
    with pytest.raises(SyncRefused):
        synced_heap.users(DROP_OFFS, [{"user_ids": [7, {}]}])
    page.goto("/w/acme/partners/heap/")
    key = page.get_by_role("textbox", name="Data Import Key Production")
    assert synced_heap.secrets.data_import_key not in page.content()
    page.get_by_role("button", name="Reveal").click()
    expect(key).to_have_value(synced_heap.secrets.data_import_key)
    rows = page.get_by_role("region", name="Sync ledger").locator("tbody").get_by_role("row")
    expect(rows).to_have_count(3)
    page.get_by_label("Outcome").select_option(label="Refused")
    page.get_by_role("button", name="Filter").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("400")


def test_a_campaign_is_targeted(page: Page, drop_offs_segment: Segment) -> None:
    page.goto("/w/acme/campaigns/new/")
    page.get_by_label("Name", exact=True).fill("Come back")
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_label("Segments").select_option(label=drop_offs_segment.name)
    page.get_by_role("button", name="Update the numbers").first.click()
    expect(page.locator("#audience-size")).to_have_text("40")
    page.get_by_role("button", name="Save and continue").click()
    expect(heading(page)).to_have_text("Come back")
    expect(page.locator("#audience-size")).to_have_text("40")
