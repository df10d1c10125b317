"""Take the pictures in ``docs/images``: a demo of its own, walked through by a real browser.

Run by ``make screenshots``. Nothing of it stays but the pictures.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Locator, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTH = 1280
SEGMENT = "Dropped out of the trial"


@contextmanager
def demo() -> Iterator[tuple[str, str, str]]:
    """Run the demo with an empty database; give its address, and the admin's e-mail and password.

    Raises ``RuntimeError`` if it does not come up.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with TemporaryDirectory(prefix="screenshots-") as var:
        command = [sys.executable, "-u", "manage.py", "demo", "--port", str(port)]
        environment = os.environ | {"VAR_DIR": var, "REST_ENDPOINT": "https://portal.example.com"}
        process = subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            email, password = told_sign_in(process)
            yield f"http://127.0.0.1:{port}", email, password
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def told_sign_in(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Read what the demo tells until it is up; return the admin's e-mail and password."""
    told = ""
    for line in process.stdout or ():
        told += line
        if line.startswith("Ctrl-C"):
            break
    if found := re.search(r"(admin@\S+)\s+(\S+)", told):
        return found[1], found[2]
    raise RuntimeError(f"the demo did not come up: {told}")


@contextmanager
def browser_page(address: str) -> Iterator[Page]:
    quiet = ["--disable-background-networking", "--no-first-run", "--disable-gpu"]
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[*quiet, "--no-sandbox"] if os.geteuid() == 0 else quiet
        )
        yield browser.new_page(base_url=address, viewport={"width": WIDTH, "height": 800})
        browser.close()


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()


def take(page: Page, name: str, height: int) -> None:
    """Keep the upper part of the page as a picture, with nothing in focus."""
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.mouse.move(0, 0)
    page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")


def pick(field: Locator, text: str) -> None:
    """Choose in a menu that can be searched."""
    expect(field).to_have_js_property("tagName", "INPUT")
    field.click()
    field.press_sequentially(text)
    option = field.page.get_by_role("option", name=text, exact=True)
    option.filter(visible=True).first.click()


def add_filter(page: Page, label: str, group: str = "Group 1") -> Locator:
    card = page.get_by_role("group", name=group, exact=True)
    pick(card.get_by_role("combobox", name="Add filter"), label)
    return card.get_by_role("listitem").filter(has_text=label)


def partner(page: Page) -> None:
    page.goto("/w/demo/partners/heap/")
    take(page, "partner", 1500)


def segment(page: Page) -> None:
    page.goto("/w/demo/segments/new/")
    page.get_by_label("Name").fill(SEGMENT)
    page.get_by_label("Description").fill(
        "Left before the trial ended, in the countries that we speak to."
    )
    page.get_by_label("Tags").fill("trial, win back")
    cohort = add_filter(page, "Heap Cohorts").get_by_role("combobox", name="Value")
    pick(cohort, "Trial drop-offs")
    add_filter(page, "Country").get_by_label("Value").fill("FR\nDE\nUS\nGB")
    page.get_by_role("button", name="Add exclusion group").click()
    back = add_filter(page, "Heap Cohorts", "Exclusion group 1")
    pick(back.get_by_role("combobox", name="Value"), "Activated this week")
    expect(page.locator("#sentence")).to_contain_text("except those for whom Heap Cohorts includes")
    take(page, "segment", 1140)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name=SEGMENT, level=1)).to_be_visible()


def campaign(page: Page) -> None:
    page.goto("/w/demo/campaigns/new/")
    page.get_by_label("Name", exact=True).fill("Your seat is still warm")
    page.get_by_role("button", name="Save and continue").click()
    pick(page.get_by_role("combobox", name="Segments"), SEGMENT)
    add_filter(page, "beta_tester")
    expect(page.locator("#audience-sentence")).to_contain_text("beta_tester")
    take(page, "campaign", 1000)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with demo() as (address, email, password), browser_page(address) as page:
        sign_in(page, email, password)
        for picture in (partner, segment, campaign):
            picture(page)
            print(f"docs/images/{picture.__name__}.png")


if __name__ == "__main__":
    main()
