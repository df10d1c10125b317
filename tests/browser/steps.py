"""What people do on the pages, by the words that they read there."""

from playwright.sync_api import Locator, Page, expect

from tests.worlds.factories import PASSWORD
from workspaces.models import Member


def users(first: int, last: int) -> list[str]:
    return [f"user-{n}" for n in range(first, last + 1)]


def sign_in(page: Page, member: Member) -> None:
    page.goto("/")
    page.get_by_label("E-mail address").fill(member.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(heading(page)).to_have_text("Overview")


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def navigate(page: Page, link: str) -> None:
    page.get_by_role("navigation", name="Main navigation").get_by_role(
        "link", name=link, exact=True
    ).click()


def pick(field: Locator, text: str) -> None:
    """Choose in a menu that can be searched: type, and take what is found."""
    # Until a script has made it searchable, it is the browser's own menu.
    expect(field).to_have_js_property("tagName", "INPUT")
    field.click()
    field.press_sequentially(text)
    # That menu is still there, out of sight.
    option = field.page.get_by_role("option", name=text, exact=True).filter(visible=True)
    option.first.click()


def add_filter(page: Page, label: str, *, group: str = "Group 1") -> Locator:
    """Add a filter to the group that has this heading; return its row."""
    card = page.get_by_role("group", name=group, exact=True)
    pick(card.get_by_role("combobox", name="Add filter"), label)
    row = card.get_by_role("listitem").filter(has_text=label).last
    expect(row).to_be_visible()
    return row


def generate_key(page: Page, name: str) -> tuple[str, str]:
    """On a partner's page, generate a key; return it and the REST endpoint, as shown."""
    page.get_by_role("link", name="Generate new key").first.click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Generate new key").click()
    expect(heading(page)).to_have_text("Your new key")
    key = page.get_by_role("textbox", name="Data Import Key").input_value()
    endpoint = page.get_by_role("textbox", name="REST endpoint").input_value()
    page.get_by_role("link", name="Done").click()
    return key, endpoint
