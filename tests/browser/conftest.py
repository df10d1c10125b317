"""The browser: Debian's Chromium or Chrome where there is one, else Playwright's own."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.db import connections
from playwright.sync_api import BrowserContext, Page, Playwright, expect
from pytest_django.live_server_helper import LiveServer

from braze_portal.demo import DROP_OFFS, Heap
from cohorts.keys import issue_partner_key
from cohorts.models import Partner
from cohorts.provisioning import Secrets
from cohorts.segment_filters import CohortFilter
from profiles.fake.seeding import seed_people
from segments.models import Segment
from segments.trees.tree import Group, Tree
from tests.browser.steps import users
from tests.conftest import signed_in
from tests.worlds.factories import SegmentFactory, import_key
from workspaces.models import Member, Workspace

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ["--disable-background-networking", "--disable-sync", "--no-first-run", "--disable-gpu"]
PEOPLE = 600

# Playwright's synchronous calls run an event loop in the thread that also asks the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# Generous, for a machine that runs other tests at the same time: nothing waits longer than it must.
expect.set_options(timeout=20_000)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run last: the event loop stays in the thread, where other tests may start their own."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def migrated_rows(django_db_setup: None) -> str:
    """What the migrations put into the database, to be put back before each test."""
    return vars(connections["default"])["_test_serialized_contents"]


@pytest.fixture(scope="session")
def playwright(migrated_rows: str, playwright: Playwright) -> Playwright:
    # Where an event loop runs, Django has another connection, which does not know them.
    vars(connections["default"])["_test_serialized_contents"] = migrated_rows
    return playwright


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    arguments = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
    found = next(filter(None, map(shutil.which, NAMES)), None)
    path = {"executable_path": found} if found else {}
    return browser_type_launch_args | {"args": arguments} | path


@pytest.fixture(scope="session")
def static_folder() -> None:
    """The folder that WhiteNoise wants to see; without collected files it may be empty."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture(scope="session")
def base_url(static_folder: None, live_server: LiveServer) -> str:
    """The portal: pages are opened by their paths."""
    return live_server.url


@pytest.fixture(autouse=True)
def complaints() -> Iterator[list[str]]:
    """What browsers complain of: broken scripts, missing files, a breach of the security policy.

    There must be none at the end. A test that causes one on purpose takes it out of the list.
    """
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def new_context(
    new_context: Callable[..., BrowserContext], complaints: list[str]
) -> Callable[..., BrowserContext]:
    def listening(**options: Any) -> BrowserContext:
        context = new_context(**options)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on(
            "console",
            lambda message: message.type == "error" and complaints.append(message.text),
        )
        return context

    return listening


@pytest.fixture
def visit(new_context: Callable[..., BrowserContext], base_url: str) -> Callable[..., Page]:
    """Give a page in a browser of its own, signed in as ``member`` if there is one."""

    def visit(member: Member | None = None, **options: Any) -> Page:
        context = new_context(**options)
        if member:
            session = signed_in(member).cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": session, "url": base_url}])
        return context.new_page()

    return visit


@pytest.fixture
def people(workspace: Workspace) -> int:
    """How many people there are: ``user-1`` and up, and some with nothing but a device."""
    seed_people(workspace, PEOPLE)
    return workspace.profiles.count()


@pytest.fixture
def heap_at(workspace: Workspace) -> Iterator[Callable[[str, str], Heap]]:
    """Be Heap, with the endpoint and the Data Import Key that it was given."""
    _, partner_api_key = issue_partner_key(Partner.objects.get(slug="heap"))
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield lambda endpoint, key: Heap(endpoint, Secrets(partner_api_key, key), client)


@pytest.fixture
def synced_heap(
    heap_at: Callable[[str, str], Heap], people: int, workspace: Workspace, base_url: str
) -> Heap:
    """Heap, connected by the key “Production”, with 40 people sent to “Trial drop-offs”."""
    _, secret = import_key(workspace, name="Production")
    heap = heap_at(base_url, secret)
    heap.name(DROP_OFFS)
    heap.users(DROP_OFFS, [{"user_ids": users(1, 40)}])
    return heap


@pytest.fixture
def drop_offs_segment(synced_heap: Heap, workspace: Workspace) -> Segment:
    """“Everyone for whom Heap Cohorts includes Trial drop-offs”."""
    cohort = workspace.cohorts.get()
    tree = Tree((Group((CohortFilter("heap", "includes_any", (str(cohort.pk),)),)),))
    return SegmentFactory(workspace=workspace, name="Dropped out of the trial", tree=tree.dump())
