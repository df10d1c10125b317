"""What holds for every page: no barrier that axe finds, nothing wider than a telephone."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from braze_portal.demo import DROP_OFFS, Heap, SyncRefused
from campaigns.models import Campaign, Canvas
from profiles.fake.seeding import seed_events
from segments.exports.csv_file import write_export
from segments.models import Segment, SegmentExport
from segments.sizes.daily import record_sizes
from tests.braze_portal.test_pages import ACTIONS, PAGES
from tests.browser.steps import users
from tests.worlds.currents_world import CUSTOM
from tests.worlds.factories import (
    ConnectorFactory,
    SubscriptionGroupFactory,
    UserListFactory,
    checked_import,
)
from workspaces.api_keys.keys import generate_api_key
from workspaces.invitations import invite
from workspaces.models import Member, Role, Workspace

pytestmark = pytest.mark.browser

#: What one may download, or only press.
NOT_PAGES = ACTIONS | {
    "cohort-import-unmatched",
    "csv-import-rejected",
    "segment-export-download",
}
SECTIONS = (
    "",
    "segments",
    "campaigns",
    "canvas",
    "users",
    "subscription-groups",
    "partners",
    "currents",
    "settings",
)
SOME_RULES = "rules => axe.run({runOnly: rules})"
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
GRAVE = {"serious", "critical"}
NARROW = {"width": 360, "height": 740}


@pytest.fixture
def things(
    workspace: Workspace, synced_heap: Heap, drop_offs_segment: Segment, analyst: Member
) -> dict[str, dict[str, Any]]:
    """A workspace with something of everything; what names each in an address."""
    synced_heap.users(DROP_OFFS, [{"user_ids": [*users(30, 60), "stranger-" + "x" * 60]}])
    mixed_call = workspace.cohort_imports.first()
    with pytest.raises(SyncRefused):
        synced_heap.users(DROP_OFFS, [{"user_ids": [7, {}]}])
    tree = drop_offs_segment.tree | {"exclusions": drop_offs_segment.tree["groups"]}
    about = {"workspace": workspace, "tree": tree, "description": "Who left", "tags": ["trial"]}
    campaign = Campaign.objects.create(name="Come back", message={"subject": "Hello"}, **about)
    canvas = Canvas.objects.create(name="Second chance", exit_tree=tree, **about)
    for targeted in (campaign, canvas):
        targeted.segments.add(drop_offs_segment)
    key = workspace.data_import_keys.get()
    drop_offs_segment.versions.create(name="As it was")
    drop_offs_segment.versions.create(name="Dropped out", description="Who left", tags=["trial"])
    record_sizes(workspace)
    export = SegmentExport.objects.create(segment=drop_offs_segment, columns=["user_id"])
    write_export(export.pk)
    user_list = UserListFactory(workspace=workspace)
    hidden = {"name": "hash"}
    connector = ConnectorFactory(workspace=workspace, state="suspended", transformations=hidden)
    connector.queues.create(event_type=CUSTOM, xid=1, trouble="busy")
    connector.errors.create(event_type=CUSTOM, status=503, detail="x" * 300, events=100)
    csv_import = {"pk": checked_import(workspace).pk}
    person = workspace.cohorts.get().memberships.filter(active=True).first().profile
    seed_events(workspace, 60, 5)
    api_key, _secret = generate_api_key(workspace, name="Nightly", permissions=["users.track"])
    admin = workspace.members.admins().first().user
    invited, _token = invite(workspace, email="new@example.com", role=Role.ANALYST, by=admin)
    return {
        "partner": {"partner": "heap"},
        "key": {"partner": "heap", "key": key.pk},
        "cohort-import": {"partner": "heap", "pk": mixed_call.pk},
        "cohort": {"partner": "heap", "pk": workspace.cohorts.get().pk},
        "ledger": {"partner": "heap"},
        "csv": csv_import,
        "person": {"braze_id": person.braze_id},
        "group-edit": {"pk": SubscriptionGroupFactory(workspace=workspace).pk},
        "api-key": {"pk": api_key.pk},
        "api-key-delete": {"pk": api_key.pk},
        "segment": {"pk": drop_offs_segment.pk},
        "segment-export-detail": {"pk": export.pk},
        "user-list": {"pk": user_list.pk},
        "user-list-delete": {"pk": user_list.pk},
        "campaign": {"pk": campaign.pk},
        "canvas": {"pk": canvas.pk},
        "connector": {"pk": connector.pk},
        "team-member": {"pk": analyst.pk},
        "team-invitation": {"pk": invited.pk},
    }


def addresses(workspace: Workspace, things: dict[str, dict[str, Any]], section: str) -> list[str]:
    """The address of every page of a section of the portal, with something real in it."""
    found = []
    for name in PAGES.keys() - NOT_PAGES:
        thing = things.get(name) or things.get(name.partition("-")[0], {})
        named = {argument: thing[argument] for argument in PAGES[name]}
        found.append(reverse(name, kwargs={"workspace": workspace.slug, **named}))
    return sorted(address for address in found if address.split("/")[3] == section)


def barriers(results: dict[str, Any]) -> list[str]:
    """What axe found to be in somebody's way."""
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in results["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]


def show(page: Page, scheme: str) -> None:
    """Let the device ask for light or dark, and wait until all colours have changed."""
    page.emulate_media(color_scheme=scheme)
    expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
    page.evaluate("document.getAnimations().forEach(animation => animation.finish())")


def faults(page: Page) -> list[str]:
    """What is wrong with the page that is open: in the light, in the dark, on a telephone."""
    show(page, "light")
    found = barriers(Axe().run(page).response)
    show(page, "dark")
    found += barriers(page.evaluate(SOME_RULES, COLOUR_RULES))
    size = page.viewport_size
    page.set_viewport_size(NARROW)
    found += barriers(page.evaluate(SOME_RULES, ["scrollable-region-focusable"]))
    width = page.evaluate("document.scrollingElement.scrollWidth")
    page.set_viewport_size(size)
    return found + ([f"{width} pixels wide"] if width > NARROW["width"] else [])


def test_every_page_has_a_section(workspace: Workspace, things: dict[str, dict[str, Any]]) -> None:
    found = sum(len(addresses(workspace, things, section)) for section in SECTIONS)
    assert found == len(PAGES.keys() - NOT_PAGES)


@pytest.mark.parametrize("section", SECTIONS)
def test_pages_are_open_to_everybody(
    section: str,
    visit: Callable[..., Page],
    admin: Member,
    workspace: Workspace,
    things: dict[str, dict[str, Any]],
) -> None:
    page = visit(admin)
    found = {}
    for address in addresses(workspace, things, section):
        page.goto(address)
        found[address] = faults(page)
    assert {address: wrong for address, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("name", ["segment", "connector"])
def test_a_chart_that_is_still_too_wide_does_not_widen_its_page(
    visit: Callable[..., Page],
    admin: Member,
    workspace: Workspace,
    things: dict[str, dict[str, Any]],
    name: str,
) -> None:
    """As it is for a moment after a telephone was turned."""
    page = visit(admin)
    page.set_viewport_size(NARROW)
    page.goto(reverse(name, kwargs={"workspace": workspace.slug, **things[name]}))
    measure = (
        "canvas => { canvas.style.width = '900px'; return document.scrollingElement.scrollWidth }"
    )
    assert page.locator("canvas").evaluate(measure) == NARROW["width"]


def test_pages_outside_a_workspace_are_open_to_everybody(
    visit: Callable[..., Page], admin: Member, complaints: list[str]
) -> None:
    signed_out, signed_in = visit(), visit(admin)
    signed_out.goto("/sign-in/")
    assert faults(signed_out) == []
    for address in ("/account/password/", "/nowhere/"):
        signed_in.goto(address)
        assert faults(signed_in) == []
    complaints.clear()


def test_open_menus_are_open_to_everybody(
    visit: Callable[..., Page], admin: Member, synced_heap: Heap
) -> None:
    page = visit(admin)
    page.goto("/w/acme/segments/new/")
    page.get_by_role("combobox", name="Add filter").click()
    expect(page.get_by_role("listbox").filter(visible=True)).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Your account").filter(visible=True).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert faults(page) == []
    page.set_viewport_size(NARROW)
    page.get_by_role("button", name="Navigation").click()
    expect(page.get_by_role("link", name="Audit log")).to_be_visible()
    assert faults(page) == []
