"""How far the change of a key is, and what happens when two admins act at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from cohorts.models import DataImportKey, Partner
from cohorts.rotation import NameTaken, Step, add_key, next_step
from tests.worlds.factories import MemberFactory, import_key

NOW = timezone.now()
EARLIER = NOW - timedelta(minutes=5)


def key(**fields: Any) -> DataImportKey:
    return DataImportKey(**fields)


@pytest.mark.parametrize(
    ("live", "step"),
    [
        ([], Step.GENERATE),
        ([key()], Step.GENERATE),
        ([key(), key(last_used_at=NOW)], Step.HAND_OVER),
        ([key(last_used_at=EARLIER), key(last_used_at=NOW)], Step.WATCH),
        ([key(last_used_at=NOW), key(last_used_at=EARLIER)], Step.INVALIDATE),
        ([key(last_used_at=NOW), key()], Step.INVALIDATE),
        ([key(last_used_at=NOW), key(expires_at=NOW)], Step.DONE),
        ([key(last_used_at=NOW), key(expires_at=NOW), key()], Step.INVALIDATE),
    ],
)
def test_rotation_names_the_next_step(live, step):
    assert next_step(live) == step


def test_second_admin_to_invalidate_is_told(workspace):
    first, _ = import_key(workspace)
    second = DataImportKey.objects.get(pk=first.pk)
    assert (first.invalidate(NOW), second.invalidate(NOW)) == (True, False)


def test_change_of_a_key_that_another_admin_changed_is_refused(workspace):
    first, _ = import_key(workspace)
    second = DataImportKey.objects.get(pk=first.pk)
    assert first.expire_at(timezone.now() + timedelta(hours=1))
    assert not second.expire_at(None)
    assert not second.invalidate(timezone.now())
    first.refresh_from_db()
    assert (first.expires_at is None, first.invalidated_at) == (False, None)


def heap() -> Partner:
    # A test with transactions of its own finds the seeded partners gone.
    return Partner.objects.get_or_create(slug="heap", defaults={"name": "Heap"})[0]


def at_once(count: int, work: Any) -> list[Any]:
    def run(number: int) -> Any:
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.django_db(transaction=True)
def test_one_of_eight_admins_ends_a_key():
    heap()
    made, _ = import_key(MemberFactory().workspace)
    seen = [DataImportKey.objects.get(pk=made.pk) for _ in range(8)]
    assert sorted(at_once(8, lambda n: seen[n].invalidate(NOW))) == [False] * 7 + [True]


@pytest.mark.django_db(transaction=True)
def test_form_sent_eight_times_at_once_makes_one_key():
    member = MemberFactory()
    partner = heap()

    def generate(_: int) -> bool:
        try:
            add_key(member.workspace, partner, name="New", created_by=member.user)
        except NameTaken:
            return False
        return True

    assert sorted(at_once(8, generate)) == [False] * 7 + [True]
