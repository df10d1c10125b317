"""What is kept of a bitmap, where, and for how long."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from profiles.models import Profile
from segments.audiences import bitmaps, leaves
from segments.audiences.bitmaps import BitMap, Cache, Leaf, Moved, Snapshot
from segments.audiences.people import people_of
from segments.filters.everyone import EVERYONE
from segments.filters.judging import checked_leaf
from segments.models import LeafBitmap
from segments.tasks import drop_unused_bitmaps
from tests.worlds.factories import ProfileFactory
from tests.worlds.settling import settle
from tests.worlds.targeting_world import leaf
from workspaces.models import Workspace

FRENCH = checked_leaf(leaf("country", "any_of", "FR"))


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
            whole=uuid4(),
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


def french_of(workspace: Workspace) -> list[int]:
    with people_of(workspace) as people:
        return list(people.leaf(FRENCH))


@pytest.fixture
def many(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace of people from two countries, each look of which is worth storing."""
    monkeypatch.setattr(leaves, "WORTH_STORING", 1)
    people = [
        Profile(workspace=workspace, external_id=f"{n}", country=("FR", "DE")[n % 2])
        for n in range(2000)
    ]
    Profile.objects.bulk_create(people)
    settle()
    french_of(workspace)
    return workspace


def move(workspace: Workspace, start: int, stop: int) -> list[int]:
    """Have people move to France; return who lives there."""
    ids = list(workspace.profiles.order_by("pk").values_list("pk", flat=True)[start:stop])
    Profile.objects.filter(pk__in=ids).update(country="FR")
    settle()
    french = workspace.profiles.filter(country="FR").order_by("pk")
    return list(french.values_list("pk", flat=True))


def row(workspace: Workspace) -> LeafBitmap:
    return LeafBitmap.objects.get(pk=FRENCH.fingerprint(workspace))


@pytest.mark.django_db(transaction=True)
def test_a_few_changes_are_written_beside_the_bitmap(many: Workspace) -> None:
    before = row(many)
    for turn in range(3):
        french = move(many, 10 * turn, 10 * turn + 10)
        assert french_of(many) == french
        bitmaps.cached.clear()  # what is stored is all that another process has
        assert french_of(many) == french
    after = row(many)
    assert (after.whole, bytes(after.bitmap)) == (before.whole, bytes(before.bitmap))
    assert len(BitMap.deserialize(bytes(after.drift or b""))) == 15
    assert after.snapshot != before.snapshot


@pytest.mark.django_db(transaction=True)
def test_many_changes_are_folded_in(many: Workspace) -> None:
    before = row(many)
    french = move(many, 0, 1000)
    assert french_of(many) == french
    after = row(many)
    assert (after.whole != before.whole, after.drift) == (True, None)
    assert list(BitMap.deserialize(bytes(after.bitmap))) == french


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    # Where another process has written it whole, ours goes on from that.
    ("lost", "drift"),
    [("written whole by another process", 5), ("dropped", 10), ("elsewhere", 10)],
)
def test_a_drift_from_what_no_longer_stands_there_is_written_with_it(
    many: Workspace, lost: str, drift: int
) -> None:
    french = move(many, 0, 10)
    assert french_of(many) == french
    stored = LeafBitmap.objects.filter(pk=row(many).pk)
    if lost == "dropped":
        stored.delete()
    elif lost == "elsewhere":
        stored.update(home="another")
    else:
        stored.update(whole=uuid4(), bitmap=BitMap(french).serialize(), drift=None)
    french = move(many, 10, 20)
    assert french_of(many) == french
    bitmaps.cached.clear()
    assert french_of(many) == french
    assert len(BitMap.deserialize(bytes(row(many).drift or b""))) == drift


@pytest.mark.django_db(transaction=True)
def test_large_bitmaps_are_written_a_few_at_a_time(
    many: Workspace, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(bitmaps, "PORTION_BYTES", 1)
    monkeypatch.setattr(bitmaps, "READ_AT_ONCE", 2)
    asked = [checked_leaf(leaf("random_bucket", "between", n, n + 5000)) for n in range(5)]
    wanted = {item.fingerprint(many): item for item in asked}
    with people_of(many) as people:
        people.prepare(asked)
        sizes = [len(people.leaf(item)) for item in asked]
    bitmaps.cached.clear()
    with people_of(many) as people:
        with django_assert_num_queries(3):
            found = bitmaps.recall(wanted, people.leaves.whole.snapshot, people.now)
        assert [len(found[name].bitmap) for name in wanted] == sizes
