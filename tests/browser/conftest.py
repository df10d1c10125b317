"""The browser: Debian's Chromium or Chrome where there is one, else Playwright's own."""

import os
import shutil
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ["--disable-background-networking", "--disable-sync", "--no-first-run", "--disable-gpu"]

# Playwright's synchronous calls run an event loop in the thread that also asks the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    arguments = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
    found = next(filter(None, map(shutil.which, NAMES)), None)
    path = {"executable_path": found} if found else {}
    return browser_type_launch_args | {"args": arguments} | path
