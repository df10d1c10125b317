"""What is kept of a bitmap, where, and for how long."""

from datetime import timedelta

import pytest
from django.utils import timezone

from segments.audiences import bitmaps
from segments.audiences.bitmaps import BitMap, Cache, Leaf, Moved, Snapshot
from segments.audiences.people import people_of
from segments.filters.everyone import EVERYONE
from segments.models import LeafBitmap
from segments.tasks import drop_unused_bitmaps
from tests.worlds.factories import ProfileFactory
from workspaces.models import Workspace


def everyone_in(workspace: Workspace) -> list[int]:
    with people_of(workspace) as people:
        return list(people.everyone())


@pytest.mark.parametrize(
    ("earlier", "later", "seen"),
    [
        ("10:10:", "10:10:", True),
        ("10:10:", "10:12:10", True),
        ("10:12:10", "12:12:", True),
        ("12:12:", "10:12:10", False),
        ("10:12:10", "10:12:10", True),
        ("10:12:10,11", "10:12:10", True),
        ("10:12:10", "10:12:11", False),
        ("10:15:10", "10:12:10", False),
    ],
)
def test_a_snapshot_knows_what_it_sees(earlier: str, later: str, seen: bool) -> None:
    assert Snapshot.parse(later).sees_all_of(Snapshot.parse(earlier)) is seen
    assert str(Snapshot.parse(earlier)) == earlier


def test_a_bitmap_outlives_the_process(workspace: Workspace) -> None:
    ProfileFactory(workspace=workspace)
    everyone_in(workspace)
    assert LeafBitmap.objects.get().fingerprint == EVERYONE.fingerprint(workspace)
    bitmaps.cached.clear()
    added = ProfileFactory(workspace=workspace)
    assert everyone_in(workspace)[-1] == added.pk
    assert LeafBitmap.objects.count() == 1


def test_a_bitmap_of_another_cluster_is_not_believed(workspace: Workspace) -> None:
    everyone_in(workspace)
    ProfileFactory(workspace=workspace)
    bitmaps.cached.clear()
    LeafBitmap.objects.update(home="another", snapshot="999999999:999999999:")
    assert len(everyone_in(workspace)) == 1


def test_unused_bitmaps_are_dropped(workspace: Workspace) -> None:
    everyone_in(workspace)
    drop_unused_bitmaps(timestamp=0)
    assert LeafBitmap.objects.count() == 1
    LeafBitmap.objects.update(used_at=timezone.now() - timedelta(days=31))
    drop_unused_bitmaps(timestamp=0)
    assert LeafBitmap.objects.count() == 0


def test_what_is_over_the_budget_is_dropped_the_least_recently_used_first(
    workspace: Workspace,
) -> None:
    now = timezone.now()
    for hours, name in enumerate(("newest", "middle", "oldest")):
        LeafBitmap.objects.create(
            fingerprint=name,
            workspace=workspace,
            home="another",
            leaf={},
            bitmap=bytes(60),
            restless=bytes(40),
            snapshot="1:1:",
            moment=now,
            stored_at=now,
            used_at=now - timedelta(hours=hours),
        )
    long_ago = now - timedelta(days=1)
    assert bitmaps.drop_unused(before=long_ago, most_bytes=300) == 0
    assert bitmaps.drop_unused(before=long_ago, most_bytes=299) == 1
    assert set(LeafBitmap.objects.values_list("pk", flat=True)) == {"newest", "middle"}


def test_who_entered_and_who_left_is_told_between_two_states() -> None:
    moved = Moved.between(BitMap([1, 2]), BitMap([2, 3, 4]))
    assert (list(moved.entered), list(moved.left)) == ([3, 4], [1])


def test_the_cache_drops_what_was_read_least_recently() -> None:
    cache = Cache(most_bytes=600)
    leaf = Leaf(bitmaps.BitMap([1]), Snapshot.parse("1:1:", life="this"), timezone.now())
    for name in ("a", "b"):
        cache.put(name, leaf)
    cache.get("a")
    cache.put("c", leaf)
    assert [bool(cache.get(name)) for name in ("a", "b", "c")] == [True, False, True]


def test_the_cache_keeps_a_few_versions() -> None:
    cache = Cache(most_bytes=10_000)
    for version in range(6):
        snapshot = Snapshot.parse(f"{version}:{version}:", life="this")
        cache.put("a", Leaf(bitmaps.BitMap([version]), snapshot, timezone.now()))
    assert [list(leaf.bitmap) for leaf in cache.get("a")] == [[5], [4], [3], [2]]
