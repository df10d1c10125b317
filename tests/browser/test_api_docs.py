"""The description of the REST API, as an engineer of a company opens it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_every_call_is_listed_and_opens(visit: Callable[..., Page]) -> None:
    page = visit()
    page.goto("/api/docs/")
    expect(page.get_by_role("heading", name="Braze Portal REST API")).to_be_visible()
    expect(page.locator(".opblock-tag").first).to_contain_text("User data")
    expect(page.locator(".opblock")).to_have_count(39)
    page.locator(".opblock", has_text="/users/track/bulk").locator("button").first.click()
    expect(page.get_by_text("Permission: users.track.bulk")).to_be_visible()
