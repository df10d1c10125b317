"""Doors that stay shut, and forms that keep what was typed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import add_filter, heading, sign_in
from tests.worlds.factories import PASSWORD, MemberFactory
from workspaces.models import Member, Workspace

pytestmark = pytest.mark.browser


def failed_to_load(status: str) -> str:
    """What Chromium writes to the console of a page that comes with this status."""
    return f"Failed to load resource: the server responded with a status of {status}"


def test_guessing_locks_the_door(
    visit: Callable[..., Page], admin: Member, complaints: list[str]
) -> None:
    page = visit()
    for attempt in range(5):
        page.goto("/sign-in/")
        page.get_by_label("E-mail address").fill(admin.user.email)
        page.get_by_label("Password").fill(f"guess {attempt}")
        page.get_by_role("button", name="Sign in").click()
        expect(
            page.get_by_text("password is wrong").or_(page.get_by_text("15 minutes"))
        ).to_be_visible()
    expect(heading(page)).to_have_text("Too many attempts")
    page.get_by_role("link", name="Back to sign-in").click()
    page.get_by_label("E-mail address").fill(admin.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(heading(page)).to_have_text("Too many attempts")
    assert set(complaints) == {failed_to_load("429 (Too Many Requests)")}
    complaints.clear()


def test_another_workspace_is_not_there(
    visit: Callable[..., Page], workspace: Workspace, complaints: list[str]
) -> None:
    page = visit(MemberFactory())
    page.goto("/w/acme/partners/heap/")
    expect(heading(page)).to_have_text("Page not found")
    expect(page.get_by_text("Acme")).to_have_count(0)
    assert complaints == [failed_to_load("404 (Not Found)")]
    complaints.clear()


def test_signing_out_shuts_the_door(visit: Callable[..., Page], admin: Member) -> None:
    page = visit()
    sign_in(page, admin)
    page.get_by_role("button", name="Your account").filter(visible=True).click()
    page.get_by_role("button", name="Sign out").click()
    expect(heading(page)).to_have_text("Sign in")
    page.goto("/w/acme/")
    expect(heading(page)).to_have_text("Sign in")


def test_a_refused_segment_keeps_what_was_typed(
    visit: Callable[..., Page], marketer: Member, people: int
) -> None:
    page = visit(marketer)
    page.goto("/w/acme/segments/new/")
    page.get_by_label("Description").fill("Everybody from Canada")
    page.get_by_label("Tags").fill("north, cold")
    add_filter(page, "Country").get_by_label("Value").fill("CA")
    page.get_by_role("button", name="Save").click()
    name = page.get_by_label("Name")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description("This field is required.")
    expect(page.get_by_label("Description")).to_have_value("Everybody from Canada")
    expect(page.get_by_label("Tags")).to_have_value("north, cold")
    expect(page.get_by_label("Value of Country")).to_have_value("CA")


def test_a_refused_campaign_keeps_what_was_typed(
    visit: Callable[..., Page], marketer: Member
) -> None:
    page = visit(marketer)
    page.goto("/w/acme/campaigns/new/")
    page.get_by_label("Name", exact=True).fill("Ping")
    page.get_by_label("Webhook", exact=True).check()
    page.get_by_label("Webhook URL").fill("example.com/hook")
    page.get_by_label("Request body").fill("{}")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_label("Webhook URL")).to_have_accessible_description(
        "Enter an address that begins with https:// or http://."
    )
    expect(page.get_by_label("Webhook URL")).to_have_value("example.com/hook")
    expect(page.get_by_label("Request body")).to_have_value("{}")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Ping")
