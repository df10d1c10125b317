"""A key is changed while the partner goes on calling."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from threading import Event

import pytest
from playwright.sync_api import Locator, Page, expect

from braze_portal.demo import DROP_OFFS, Heap, SyncRefused
from tests.browser.steps import generate_key, users
from workspaces.models import Member

pytestmark = pytest.mark.browser

PAUSE = 0.1  # seconds between two calls


@contextmanager
def syncing(heap: Heap) -> Iterator[None]:
    """Let Heap call all the time. Raises ``SyncRefused`` at the end if one call was refused."""
    stop = Event()

    def sync() -> None:
        for remove in cycle((False, True)):
            heap.users(DROP_OFFS, [{"user_ids": users(100, 109), "should_remove": remove}])
            if stop.wait(PAUSE):
                return

    with ThreadPoolExecutor() as pool:
        calls = pool.submit(sync)
        try:
            yield
        finally:
            stop.set()
    calls.result()


def key_row(page: Page, name: str) -> Locator:
    return (
        page.get_by_role("region", name="Data Import Keys").get_by_role("row").filter(has_text=name)
    )


def test_a_key_is_changed_while_a_sync_runs(
    visit: Callable[..., Page], admin: Member, synced_heap: Heap
) -> None:
    page = visit(admin)
    page.goto("/w/acme/partners/heap/")
    old = synced_heap.secrets
    with syncing(synced_heap):
        new_key, _ = generate_key(page, "Successor")
        expect(key_row(page, "Successor")).to_contain_text("never")
        synced_heap.secrets = replace(old, data_import_key=new_key)
        expect(key_row(page, "Successor")).to_contain_text("from 127.0.0.1")
        key_row(page, "Production").get_by_role("link", name="Invalidate").click()
        expect(page.get_by_text("Heap already uses the key Successor")).to_be_visible()
        page.get_by_label("Immediately").check()
        page.get_by_role("button", name="Invalidate").click()
        expect(key_row(page, "Production")).to_contain_text("Invalidated")
    synced_heap.secrets = old
    with pytest.raises(SyncRefused, match="401"):
        synced_heap.name(DROP_OFFS)
    ledger = page.get_by_role("region", name="Sync ledger")
    expect(ledger.get_by_role("row").filter(has_text="Refused")).to_contain_text(
        re.compile("401 Invalid client secret")
    )
