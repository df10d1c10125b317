"""The portal without a mouse."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from braze_portal.demo import Heap
from tests.browser.steps import heading
from workspaces.models import Member

pytestmark = pytest.mark.browser

FAR = 60  # more steps than anybody takes to come to a control


def tab_to(control: Locator) -> None:
    """Press Tab until ``control`` has the focus."""
    expect(control).to_be_visible()
    for _ in range(FAR):
        if control.evaluate("element => element === document.activeElement"):
            return
        control.page.keyboard.press("Tab")
    pytest.fail(f"{control} is not reached by the keyboard")


def test_the_first_stop_skips_the_navigation(visit: Callable[..., Page], marketer: Member) -> None:
    page = visit(marketer)
    page.goto("/w/acme/segments/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Create Segment").first).to_be_focused()


def test_a_segment_is_built_and_saved(
    visit: Callable[..., Page], marketer: Member, synced_heap: Heap
) -> None:
    page = visit(marketer)
    page.goto("/w/acme/segments/new/")
    tab_to(page.get_by_label("Name"))
    page.keyboard.type("Dropped out of the trial")
    tab_to(page.get_by_role("combobox", name="Add filter"))
    page.keyboard.type("Heap")
    page.keyboard.press("Enter")
    tab_to(page.get_by_role("combobox", name="Value of Heap Cohorts"))
    page.keyboard.type("Trial")
    page.keyboard.press("Enter")
    expect(page.locator("#segment-size")).to_have_text("40")
    page.keyboard.press("Escape")
    tab_to(page.get_by_role("button", name="Save"))
    page.keyboard.press("Enter")
    expect(heading(page)).to_have_text("Dropped out of the trial")
    expect(page.locator("#segment-size")).to_have_text("40")
