"""What a page answers while a bitmap of a large workspace is being built."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from campaigns.channels.email import EMAIL_IS_POSSIBLE
from segments.audiences import backlog, bitmaps, jobs, reading
from segments.audiences.estimates import Size, estimated
from segments.audiences.leaves import WORTH_STORING
from segments.audiences.people import people_of, sizes
from segments.filters.base import NotReady
from segments.filters.everyone import EVERYONE
from segments.models import LeafBuild
from segments.templatetags.sizes import size as shown
from segments.trees.tree import load_tree
from tests.segments.audiences.test_segment_audiences import leaf
from tests.worlds.factories import ProfileFactory, SegmentFactory
from tests.worlds.settling import settle
from workspaces.models import Workspace

AT_ONCE = 0.0


def tree_of(*leaves: dict[str, Any]) -> Any:
    return load_tree({"groups": [{"filters": list(leaves)}]})


FRENCH = tree_of(leaf("country", "any_of", "FR"))
FIRST_HALF = tree_of(leaf("random_bucket", "between", 0, 4999))
BROKEN = tree_of(leaf("country", "matches", "("))


def size_of(workspace: Workspace, node: Any, within: float | None = None) -> Size | None:
    with people_of(workspace, within=within) as people:
        return people.size(node)


@pytest.mark.parametrize("node", [EVERYONE, FRENCH, FIRST_HALF])
def test_an_estimate_is_true_within_its_margin(large: Workspace, node: Any) -> None:
    about = size_of(large, node, within=AT_ONCE)
    exactly = size_of(large, node)
    assert about
    assert exactly
    assert (about.exact, exactly.exact) == (False, True)
    assert abs(about.count - exactly.count) <= 2 * about.margin


def test_a_job_makes_it_exact(large: Workspace) -> None:
    size_of(large, EVERYONE)
    size_of(large, FRENCH, within=AT_ONCE)
    build = LeafBuild.objects.get()
    assert jobs_for(build) == 1
    jobs.build(build)
    assert LeafBuild.objects.count() == 0
    assert size_of(large, FRENCH, within=AT_ONCE) == Size(size_of_french(large))


def jobs_for(build: LeafBuild) -> int:
    return ProcrastinateJob.objects.filter(args={"workspace_id": build.workspace_id}).count()


def size_of_french(workspace: Workspace) -> int:
    return workspace.profiles.filter(country="FR").count()


def test_a_job_builds_what_no_menu_offers_too(large: Workspace) -> None:
    for node in (EVERYONE, EMAIL_IS_POSSIBLE):
        size_of(large, node, within=AT_ONCE)
    for build in LeafBuild.objects.all():
        jobs.build(build)
    assert LeafBuild.objects.count() == 0
    assert size_of(large, EVERYONE, within=AT_ONCE) == Size(12_600)


def test_a_page_asks_for_a_build_once(large: Workspace) -> None:
    size_of(large, EVERYONE)
    for _ in range(2):
        size_of(large, FRENCH, within=AT_ONCE)
    assert jobs_for(LeafBuild.objects.get()) == 1


def test_a_page_says_what_it_waits_for(large: Workspace) -> None:
    size_of(large, EVERYONE)
    for known in (None, LeafBuild):
        with people_of(large, within=AT_ONCE) as people:
            people.size(FRENCH)
            (build,) = people.pending.values()
            assert (build and type(build)) == known


def test_the_bitmap_itself_is_not_given_before_it_is_ready(large: Workspace) -> None:
    with people_of(large, within=AT_ONCE) as people, pytest.raises(NotReady):
        FRENCH.audience(people)


def test_what_another_process_caught_up_is_used(large: Workspace) -> None:
    size_of(large, EVERYONE)
    size_of(large, FRENCH)
    names = [item.fingerprint(large) for item in (EVERYONE, *FRENCH.filters())]
    here = {name: bitmaps.cached.get(name)[0] for name in names}
    some = large.profiles.filter(random_bucket__lt=5000)
    changed = some.exclude(country="FR").update(country="FR")
    assert changed > WORTH_STORING
    settle()
    bitmaps.cached.clear()
    exactly = size_of(large, FRENCH)
    bitmaps.cached.clear()
    for name, leaf_ in here.items():
        bitmaps.cached.put(name, leaf_)
    assert size_of(large, FRENCH, within=AT_ONCE) == exactly == Size(size_of_french(large))


@pytest.mark.hurried
def test_what_another_process_stored_is_used_where_looking_through_all_takes_too_long(
    large: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    size_of(large, EVERYONE)
    size_of(large, FRENCH)
    names = [item.fingerprint(large) for item in (EVERYONE, *FRENCH.filters())]
    here = {name: bitmaps.cached.get(name)[0] for name in names}
    large.profiles.filter(random_bucket__lt=5000).update(country="FR")
    settle()
    bitmaps.cached.clear()
    exactly = size_of(large, FRENCH)  # and it is stored
    bitmaps.cached.clear()
    for name, leaf_ in here.items():
        bitmaps.cached.put(name, leaf_)
    read = reading.read_counted

    def too_long_since_then(queries: Any) -> Any:
        long_ago = [str(leaf_.snapshot.xmin) for leaf_ in here.values()]
        if any(value in long_ago for query in queries for value in query.params):
            with connection.cursor() as cursor:
                cursor.execute("select pg_sleep(5)")
        return read(queries)

    monkeypatch.setattr(reading, "read_counted", too_long_since_then)
    assert size_of(large, FRENCH, within=AT_ONCE) == exactly == Size(size_of_french(large))
    # And no other page has to wait for it.
    with monkeypatch.context() as without:
        without.setattr(bitmaps, "reload", lambda *_: pytest.fail("what is newer is here"))
        assert size_of(large, FRENCH, within=AT_ONCE) == exactly


def test_a_failed_build_gives_its_reason_and_is_tried_again_later(large: Workspace) -> None:
    size_of(large, EVERYONE)
    with people_of(large, within=AT_ONCE) as people:
        people.prepare([BROKEN])
    build = LeafBuild.objects.get()
    waits = []
    for _ in backlog.LADDER:
        jobs.build(build)
        build.refresh_from_db()
        assert build.next_try
        waits.append(build.next_try - timezone.now())
    assert build.reason == "a regular expression cannot be read."
    assert waits == sorted(waits)
    jobs.build(build)
    build.refresh_from_db()
    assert build.next_try is None


def test_what_was_given_up_is_built_when_somebody_asks_again(large: Workspace) -> None:
    size_of(large, EVERYONE)
    size_of(large, FRENCH, within=AT_ONCE)
    long_ago = timezone.now() - timedelta(days=1)
    LeafBuild.objects.update(attempts=6, next_try=None, asked_at=long_ago, reason="no time")
    size_of(large, FRENCH, within=AT_ONCE)
    assert LeafBuild.objects.get().attempts == 0


def test_a_small_workspace_is_never_estimated(workspace: Workspace) -> None:
    ProfileFactory(workspace=workspace, country="FR")
    assert size_of(workspace, FRENCH, within=AT_ONCE) == Size(1)
    assert LeafBuild.objects.count() == 0


def test_a_list_shows_estimates_and_exact_sizes_side_by_side(large: Workspace) -> None:
    ready = SegmentFactory(workspace=large, tree=FRENCH.dump())
    size_of(large, FRENCH)
    found, everyone, _builds = sizes(large, [ready])
    assert (found[ready.pk], everyone) == (Size(size_of_french(large)), Size(12_600))


def test_one_person_is_asked_alone(large: Workspace) -> None:
    one = large.profiles.filter(country="FR")[0]
    with people_of(large, within=AT_ONCE) as people:
        some = people.among(type(people.slice.everyone())([one.pk]))
        assert list(FRENCH.audience(some)) == [one.pk]
        assert not list(tree_of(leaf("country", "none_of", "FR")).audience(some))


@pytest.mark.parametrize(
    ("found", "looked_at", "share", "size"),
    [
        (0, 10_000, 0.01, Size(0, 192)),
        (5_000, 10_000, 0.01, Size(500_000, 9_750)),
        (10_000, 10_000, 0.01, Size(1_000_000, 192)),
        (7, 10, 1.0, Size(7)),
        (0, 0, 0.5, None),
        (0, 0, 1.0, Size(0)),
    ],
)
def test_the_margin_follows_the_part_that_was_asked(
    found: int, looked_at: int, share: float, size: Size | None
) -> None:
    assert estimated(found, looked_at, share) == size


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (Size(1_234_567), "1,234,567"),
        (Size(1_240_000, 10_000), "≈ 1.24M ± 0.01M"),
        (Size(12_350, 900), "≈ 12.35k ± 0.90k"),
        (Size(0, 190), "≈ 0 ± 190"),
        (None, "–"),
    ],
)
def test_an_estimate_is_never_shown_without_its_mark(size: Size | None, text: str) -> None:
    assert shown(size) == text
