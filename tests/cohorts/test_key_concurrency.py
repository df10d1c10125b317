"""Several at once: nobody makes a key twice, and no call goes uncounted."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from rest.rate_limits import spend
from tests.worlds.factories import MemberFactory, WorkspaceFactory
from workspaces.api_keys.issuing import NameTaken, issue_api_key
from workspaces.api_keys.provisioning import provision_api_key
from workspaces.models import RateWindow, RestApiKey

pytestmark = pytest.mark.django_db(transaction=True)


def at_once[T](work: Callable[[], T], times: int = 4) -> list[T]:
    """Return what ``work`` gives in as many threads, each with a connection of its own."""

    def closing(number: int) -> T:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(closing, range(times)))


def test_who_provisions_at_once_gets_the_same_key() -> None:
    workspace = WorkspaceFactory()
    assert len(set(at_once(lambda: provision_api_key(workspace)))) == 1
    assert RestApiKey.objects.count() == 1


def test_a_form_that_is_sent_twice_makes_one_key() -> None:
    member = MemberFactory()

    def issue() -> bool:
        try:
            issue_api_key(
                member.workspace, name="Main", permissions=["users.track"], by=member.user
            )
        except NameTaken:
            return False
        return True

    assert sorted(at_once(issue)) == [False, False, False, True]
    assert RestApiKey.objects.count() == 1


def test_a_call_that_waited_counts_in_the_window_that_has_begun(settings: Any) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"default": (9, 1)}
    workspace = WorkspaceFactory()
    spend(workspace.pk, "default")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            RateWindow.objects.select_for_update().get()
            waiting = pool.submit(at_once, lambda: spend(workspace.pk, "default"), 1)
            time.sleep(1.2)
            begun = timezone.now().replace(microsecond=0)
            RateWindow.objects.update(starts_at=begun, used=1)
        (allowance,) = waiting.result()
    assert (allowance.used, allowance.reset) == (2, begun.timestamp() + 1)


def test_every_call_is_counted() -> None:
    workspace = WorkspaceFactory()
    at_once(lambda: [spend(workspace.pk, "default") for _ in range(50)])
    assert RateWindow.objects.get().used == 200
