"""An admin connects Heap, sees events go, and sees what is wrong when they do not."""

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from currents.models import Connector
from tests.worlds.currents_world import send, send_now, write
from tests.worlds.receivers import Answer, Receiver, receiving
from workspaces.models import Member, Workspace

pytestmark = pytest.mark.browser


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.OUTBOUND_ALLOW = [ip_network("127.0.0.0/8")]
    with receiving() as receiver:
        yield receiver


def test_heap_is_connected(
    visit: Callable[..., Page], admin: Member, workspace: Workspace, receiver: Receiver
) -> None:
    page = visit(admin)
    page.goto(f"{workspace.get_absolute_url()}currents/")
    page.get_by_role("link", name="Create Heap Export").first.click()
    page.get_by_label("Name", exact=True).fill("Heap Export")
    page.get_by_label("Endpoint URL").fill(receiver.url)
    page.get_by_label("Bearer token").fill("s3cret")
    page.get_by_label("Custom event").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Send test events").click()
    expect(page.get_by_text("The receiver accepted the test events: 200")).to_be_visible()
    page.get_by_role("button", name="Launch Current").click()
    expect(page.locator("#moving .badge").first).to_have_text("Active")

    Connector.objects.update(flush_seconds=0)  # the test is the worker, and does not wait
    connector = Connector.objects.get()
    receiver.answers = lambda request: Answer(401, {}, b"who are you?")
    write(workspace, "Signed up", "Paid")
    send(connector)
    expect(page.locator("#moving .badge").first).to_have_text("Failing", timeout=15_000)
    expect(page.get_by_text("who are you?")).to_be_visible()
    receiver.answers = lambda request: Answer()
    send_now(connector)
    expect(page.locator("#moving .badge").first).to_have_text("Active", timeout=15_000)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#moving .badge").first).to_have_text("Paused")
    assert [request.headers["authorization"] for request in receiver.requests] == [
        "Bearer s3cret"
    ] * 3
