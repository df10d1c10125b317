"""Whatever is written, and however much of it, no bitmap misses it."""

import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier, Event, Thread
from time import monotonic
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from campaigns.models import Campaign, SendTo
from campaigns.targeting import Target
from cohorts.models import CohortMembership
from profiles.models import EventKind, Profile, Trace
from segments.audiences import bitmaps, leaves
from segments.audiences.estimates import Size
from segments.audiences.people import people_of, this_minute
from segments.builder.impact import impact_of
from segments.filters.attributes import Country
from segments.filters.base import HORIZON
from segments.filters.judging import checked_leaf
from segments.members import page_of_members
from segments.models import LeafBitmap, LeafBuild, Segment
from segments.sizes.overlap_views import compared
from segments.trees.tree import load_tree
from tests.segments.audiences.test_segment_audiences import did, leaf
from tests.worlds.factories import (
    AliasFactory,
    CohortFactory,
    ProfileFactory,
    SegmentFactory,
    UserListFactory,
    WorkspaceFactory,
)
from workspaces.models import Workspace

HAS_ALIAS = {"groups": [{"filters": [leaf("alias", "any")]}]}
FRENCH = {"groups": [{"filters": [leaf("country", "any_of", "FR")]}]}


def members(workspace: Workspace, tree: dict[str, Any], now: datetime | None = None) -> list[int]:
    with people_of(workspace, now=now) as people:
        return list(load_tree(tree).audience(people))


def test_many_rows_of_one_person_hide_nobody(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaves, "MOST_CAUGHT_UP", 2)
    one, other = (ProfileFactory(workspace=workspace) for _ in range(2))
    assert members(workspace, HAS_ALIAS) == []
    for _ in range(3):
        AliasFactory(profile=one)
    AliasFactory(profile=other)
    assert members(workspace, HAS_ALIAS) == [one.pk, other.pk]


def test_an_update_that_changes_a_filter_begins_anew(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    french, german = (ProfileFactory(workspace=workspace, country=c) for c in ("FR", "DE"))
    assert members(workspace, FRENCH) == [french.pk]
    changed = replace(Country.operators["any_of"], sql="x <> all(%s)")
    monkeypatch.setitem(Country.operators, "any_of", changed)
    assert members(workspace, FRENCH) == [german.pk]


@pytest.mark.parametrize("number", [1.2345678901234567e19, 1e-7, 1.0, 12345678901234567891, 0.1])
def test_a_number_keeps_its_fingerprint_through_the_database(
    workspace: Workspace, number: float
) -> None:
    asked = checked_leaf(leaf("custom_number:visits", "more", number))
    LeafBuild.objects.create(
        fingerprint="x", workspace=workspace, leaf=asked.dump(), asked_at=workspace.created_at
    )
    kept = checked_leaf(LeafBuild.objects.get().leaf)
    assert (kept, kept.fingerprint(workspace)) == (asked, asked.fingerprint(workspace))


@pytest.mark.django_db(transaction=True)
def test_marks_of_another_cluster_are_no_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaves, "MOST_CAUGHT_UP", 2)
    workspace = ProfileFactory(country="FR").workspace
    for _ in range(2):
        ProfileFactory(workspace=workspace)
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("set local session_replication_role = replica")
        cursor.execute("update profiles_profile set changed = '999999999'::xid8")
    members(workspace, FRENCH)
    built = {leaf.pk: leaf.stored_at for leaf in LeafBitmap.objects.all()}
    added = ProfileFactory(workspace=workspace, country="FR")
    assert members(workspace, FRENCH)[1:] == [added.pk]
    assert {leaf.pk: leaf.stored_at for leaf in LeafBitmap.objects.all()} == built


@pytest.mark.django_db(transaction=True)
def test_what_was_written_in_a_savepoint_is_seen() -> None:
    person = ProfileFactory(country="DE")
    assert members(person.workspace, FRENCH) == []
    with transaction.atomic():
        ProfileFactory(workspace=person.workspace)
        with transaction.atomic():
            Profile.objects.filter(pk=person.pk).update(country="FR")
    assert members(person.workspace, FRENCH) == [person.pk]


LOADED: dict[str, Any] = {"profiles_profile": FRENCH, "profiles_alias": HAS_ALIAS}


@pytest.mark.parametrize("table", LOADED)
def test_a_row_that_brings_an_old_mark_is_seen(workspace: Workspace, table: str) -> None:
    kept = ProfileFactory(workspace=workspace, country="DE" if "alias" in table else "FR")
    AliasFactory(profile=kept)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("create temporary table copied on commit drop as select * from " + table)
        cursor.execute("delete from " + table)
        cursor.execute("delete from profiles_trace")
        assert members(workspace, LOADED[table]) == []
        cursor.execute("update copied set changed = '3'::xid8")
        cursor.execute(f"insert into {table} select * from copied")
    assert members(workspace, LOADED[table]) == [kept.pk]


MOVES = [
    ("cohorts_cohortmembership", "cohort_id"),
    ("cohorts_cohortmembership", "profile_id"),
    ("segments_userlistmember", "user_list_id"),
    ("segments_userlistmember", "profile_id"),
    ("profiles_event", "profile_id"),
    ("profiles_alias", "profile_id"),
]


@pytest.mark.parametrize(("table", "column"), MOVES)
def test_a_row_that_moves_is_missed_where_it_was(
    workspace: Workspace, table: str, column: str
) -> None:
    one, other = (ProfileFactory(workspace=workspace) for _ in range(2))
    cohort, lone_cohort = (CohortFactory(workspace=workspace) for _ in range(2))
    user_list, lone_list = (UserListFactory(workspace=workspace) for _ in range(2))
    CohortMembership.objects.create(
        cohort=cohort, profile=one, active=True, entered_at=timezone.now()
    )
    user_list.members.create(profile=one)
    AliasFactory(profile=one)
    did(one, [(EventKind.CUSTOM, "a", 0, None, {})])
    asked = {
        "cohorts_cohortmembership": leaf("cohort:heap", "includes_any", str(cohort.pk)),
        "segments_userlistmember": leaf("user_list", "includes_any", str(user_list.pk)),
        "profiles_event": leaf("custom_event:a", "done"),
        "profiles_alias": leaf("alias", "any"),
    }[table]
    tree = {"groups": [{"filters": [asked]}]}
    elsewhere = {"cohort_id": lone_cohort.pk, "user_list_id": lone_list.pk, "profile_id": other.pk}
    assert members(workspace, tree) == [one.pk]
    with connection.cursor() as cursor:
        cursor.execute(f"update {table} set {column} = %s", [elsewhere[column]])
    assert members(workspace, tree) == ([other.pk] if column == "profile_id" else [])


def test_an_id_that_no_bitmap_can_hold_is_refused(workspace: Workspace) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ProfileFactory(workspace=workspace, pk=2**31)


def test_numbers_are_of_the_tree_that_their_snapshot_sees(workspace: Workspace) -> None:
    for country in ("FR", "DE", "DE"):
        ProfileFactory(workspace=workspace, country=country)
    read_before = SegmentFactory(workspace=workspace, tree=FRENCH)
    campaign = Campaign.objects.create(workspace=workspace, name="Welcome")
    german = {"groups": [{"filters": [leaf("country", "any_of", "DE")]}]}
    Segment.objects.filter(pk=read_before.pk).update(tree=german)
    target = Target((read_before,), load_tree({}), SendTo(campaign.send_to))
    with people_of(workspace) as people:
        assert len(target.audience(people)) == 2
        assert impact_of(people, read_before, load_tree(FRENCH)).enter == Size(1)
    assert compared(workspace, read_before, read_before)["overlap"].both == Size(2)
    assert page_of_members(read_before, None).size == Size(2)


@pytest.mark.django_db(transaction=True)
def test_with_many_restless_each_minute_is_as_plain_sql_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leaves, "MOST_RESTLESS", 2)
    workspace, now = WorkspaceFactory(), this_minute()
    for minutes in range(0, 360, 30):
        person = ProfileFactory(workspace=workspace)
        at = now - timedelta(days=1) + timedelta(minutes=minutes)
        Profile.objects.filter(pk=person.pk).update(created_at=at)
    recent = {"groups": [{"filters": [leaf("created_at", "less_ago", 1)]}]}
    for minutes in range(0, 360, 10):
        later = now + timedelta(minutes=minutes)
        found = members(workspace, recent, later)
        since = later - timedelta(days=1)
        assert len(found) == workspace.profiles.filter(created_at__gte=since).count()
    assert max(until - moment for moment, until in horizons()) < HORIZON


def horizons() -> Any:
    return LeafBitmap.objects.exclude(until=None).values_list("moment", "until")


@pytest.mark.django_db(transaction=True)
def test_a_bitmap_that_drifts_goes_on_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, now = WorkspaceFactory(), this_minute()
    person = ProfileFactory(workspace=workspace)
    at = now - timedelta(days=1) + timedelta(hours=2)
    Profile.objects.filter(pk=person.pk).update(created_at=at)
    recent = {"groups": [{"filters": [leaf("created_at", "less_ago", 1)]}]}
    assert members(workspace, recent, now) == [person.pk]
    for hours, inside in [(1, [person.pk]), (3, [])]:
        bitmaps.cached.clear()
        assert members(workspace, recent, now + timedelta(hours=hours)) == inside
    ((_moment, until),) = horizons()
    assert until == now + HORIZON


@pytest.mark.django_db(transaction=True)
def test_a_bitmap_of_longer_ago_than_traces_is_built_anew() -> None:
    workspace, now = WorkspaceFactory(), this_minute()
    gone, kept = (ProfileFactory(workspace=workspace, country="FR") for _ in range(2))
    assert len(members(workspace, FRENCH, now - timedelta(days=7))) == 2
    Profile.objects.filter(pk=gone.pk).delete()
    Trace.objects.all().delete()
    assert members(workspace, FRENCH, now) == [kept.pk]


def write_until(stop: Event, workspace: Workspace, number: int) -> None:
    """Move people between countries in transactions that overlap with those of others."""
    try:
        for turn in itertools.count():
            if stop.is_set():
                break
            country = ("FR", "DE")[turn % 2]
            with transaction.atomic():
                some = workspace.profiles.filter(random_bucket=number)
                for person in some.order_by("pk"):
                    Profile.objects.filter(pk=person.pk).update(country=country)
                if turn % 3 == 0:
                    transaction.set_rollback(True)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_while_many_write_each_snapshot_is_as_plain_sql_counts() -> None:
    workspace = WorkspaceFactory()
    for number in range(12):
        ProfileFactory(workspace=workspace, country="FR", random_bucket=number % 4)
    stop = Event()
    writers = [Thread(target=write_until, args=(stop, workspace, n)) for n in range(4)]
    for writer in writers:
        writer.start()
    seen = set()
    for turn in range(100):
        if turn % 20 == 0:
            bitmaps.cached.clear()
        with people_of(workspace) as people:
            found = list(load_tree(FRENCH).audience(people))
            french = Profile.objects.in_workspace(workspace).filter(country="FR")
            assert found == list(french.order_by("pk").values_list("pk", flat=True))
            seen.add(tuple(found))
    stop.set()
    for writer in writers:
        writer.join()
    assert len(seen) > 1


def ask_at_once(workspace: Workspace, together: Barrier, found: list[list[int]]) -> None:
    try:
        with people_of(workspace) as people:
            together.wait()
            found.append(list(load_tree(FRENCH).audience(people)))
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_of_threads_that_ask_at_once_one_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = WorkspaceFactory()
    person = ProfileFactory(workspace=workspace, country="FR")
    slow = replace(Country.operators["any_of"], sql="pg_sleep(0.3) is not null and x = any(%s)")
    monkeypatch.setitem(Country.operators, "any_of", slow)
    together, found = Barrier(4), []
    threads = [Thread(target=ask_at_once, args=(workspace, together, found)) for _ in range(4)]
    began = monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[person.pk]] * 4
    assert monotonic() - began < 4 * 0.3
