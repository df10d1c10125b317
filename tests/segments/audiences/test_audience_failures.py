"""A leaf that cannot be built says why, ends, and holds up nothing else."""

import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Lock
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from profiles.models import Profile
from segments.audiences import backlog, jobs, leaves
from segments.audiences.estimates import Size
from segments.audiences.patience import PAGE_SECONDS
from segments.audiences.people import people_of
from segments.filters.attributes import Country
from segments.filters.everyone import EVERYONE
from segments.models import LeafBitmap, LeafBuild
from tests.segments.audiences.test_audience_machine import another_connection
from tests.segments.audiences.test_segment_audiences import leaf
from tests.segments.audiences.test_segment_estimates import (
    AT_ONCE,
    BROKEN,
    FRENCH,
    size_of,
    tree_of,
)
from tests.worlds.factories import ProfileFactory, SegmentFactory, WorkspaceFactory
from workspaces.models import Workspace

pytestmark = pytest.mark.hurried

GERMAN = tree_of(leaf("country", "any_of", "DE"))
SPANISH = tree_of(leaf("country", "equals", "ES"))


def name_of(tree: Any, workspace: Workspace) -> str:
    (only,) = tree.filters()
    return only.fingerprint(workspace)


def read(workspace: Workspace, *trees: Any) -> None:
    with people_of(workspace, within=1) as people:
        people.prepare(trees)
        for tree in trees:
            tree.audience(people)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """“Country is any of” takes a millisecond a person."""
    sql = "pg_sleep(0.001) is not null and x = any(%s)"
    monkeypatch.setitem(Country.operators, "any_of", replace(Country.operators["any_of"], sql=sql))


def test_one_that_fails_keeps_the_others_from_nothing(large: Workspace) -> None:
    with pytest.raises(DatabaseError):
        read(large, FRENCH, BROKEN)
    assert LeafBitmap.objects.filter(pk=name_of(FRENCH, large)).exists()
    build = LeafBuild.objects.get()
    assert build.pk == name_of(BROKEN, large)
    assert build.reason == backlog.NO_REGEX
    assert build.next_try
    assert build.next_try > timezone.now()


def test_the_page_gives_the_reason(admin_client: Client, workspace: Workspace) -> None:
    ProfileFactory(workspace=workspace)
    segment = SegmentFactory(workspace=workspace, tree=BROKEN.dump())
    url = reverse("segment", args=[workspace.slug, segment.pk])
    assert f"could not be calculated: {backlog.NO_REGEX}" in admin_client.get(url).content.decode()


def test_a_build_that_always_kills_its_worker_ends(large: Workspace) -> None:
    size_of(large, EVERYONE)
    size_of(large, FRENCH, within=AT_ONCE)
    begun = 0
    while backlog.begin(LeafBuild.objects.get()):  # and nothing after it
        begun += 1
        LeafBuild.objects.update(next_try=timezone.now() - timedelta(hours=1))
        size_of(large, FRENCH, within=AT_ONCE)
    assert begun == len(backlog.LADDER) + 1
    build = LeafBuild.objects.get()
    assert (build.reason, build.next_try) == (backlog.KILLED, None)
    size_of(large, FRENCH, within=AT_ONCE)
    build.refresh_from_db()
    assert build.next_try is None


@pytest.mark.parametrize("stored", [{}, {"filter": "country"}, {"filter": 7, "operator": []}])
def test_whatever_stops_a_build_is_written_down(workspace: Workspace, stored: Any) -> None:
    now = timezone.now()
    LeafBuild.objects.create(
        fingerprint="x", workspace=workspace, leaf=stored, asked_at=now, next_try=now
    )
    jobs.build(LeafBuild.objects.get())
    assert (LeafBuild.objects.get().attempts, bool(LeafBuild.objects.get().reason)) == (1, True)


def test_what_somebody_else_finished_does_not_fail(workspace: Workspace) -> None:
    now = timezone.now()
    build = LeafBuild.objects.create(
        fingerprint="x", workspace=workspace, leaf={}, asked_at=now, next_try=now
    )
    LeafBuild.objects.all().delete()
    backlog.fail(build, "no time")
    assert not backlog.begin(build)
    assert (LeafBuild.objects.count(), ProcrastinateJob.objects.count()) == (0, 0)


def test_a_build_stores_what_is_fresh_here(large: Workspace) -> None:
    size_of(large, FRENCH)
    kept = LeafBitmap.objects.get(pk=name_of(FRENCH, large)).snapshot
    ProfileFactory(workspace=large, external_id="late")
    size_of(large, FRENCH)
    assert LeafBitmap.objects.get(pk=name_of(FRENCH, large)).snapshot == kept
    backlog.ask_for(large, {name_of(FRENCH, large): next(iter(FRENCH.filters()))})
    jobs.build(LeafBuild.objects.get(pk=name_of(FRENCH, large)))
    assert LeafBitmap.objects.get(pk=name_of(FRENCH, large)).snapshot != kept


def test_a_new_try_has_not_failed(large: Workspace) -> None:
    size_of(large, EVERYONE)
    size_of(large, FRENCH, within=AT_ONCE)
    LeafBuild.objects.update(reason="no time", next_try=timezone.now() - timedelta(hours=1))
    size_of(large, FRENCH, within=AT_ONCE)
    assert LeafBuild.objects.get(pk=name_of(FRENCH, large)).reason == ""


def test_a_page_does_not_wait_for_a_turn(large: Workspace) -> None:
    size_of(large, EVERYONE)
    turn = leaves._turns[name_of(FRENCH, large)] = Lock()
    with turn:
        began = time.monotonic()
        about = size_of(large, FRENCH, within=PAGE_SECONDS)
        assert time.monotonic() - began < 1
    assert about
    assert not about.exact


def test_a_page_does_not_wait_for_a_locked_table(large: Workspace) -> None:
    size_of(large, FRENCH)
    with another_connection() as other:
        other.execute("lock table profiles_profile")
        began = time.monotonic()
        assert size_of(large, FRENCH, within=PAGE_SECONDS) is None
        assert time.monotonic() - began < 2
        other.rollback()
    exactly = size_of(large, FRENCH)
    assert exactly == Size(large.profiles.filter(country="FR").count())


def test_one_slow_filter_slows_no_other(large: Workspace, slow: None) -> None:
    size_of(large, EVERYONE)
    assert size_of(large, GERMAN, within=PAGE_SECONDS) is None
    exactly = size_of(large, SPANISH, within=PAGE_SECONDS)
    assert exactly == Size(large.profiles.filter(country="ES").count())


def test_a_filter_that_took_too_long_is_no_circle(large: Workspace, slow: None) -> None:
    segment = SegmentFactory(workspace=large, tree=FRENCH.dump())
    with people_of(large, timeout_ms=50) as people:
        for _ in range(2):
            with pytest.raises(OperationalError):
                people.segment(segment.pk)


def count_of_an_edit_that_fails(workspace: Workspace) -> Size | None:
    with suppress(ZeroDivisionError), transaction.atomic():
        Profile.objects.in_workspace(workspace).update(country="FR")
        size = size_of(workspace, FRENCH)
        raise ZeroDivisionError
    return size


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_was_never_seen() -> None:
    workspace = WorkspaceFactory()
    ProfileFactory(workspace=workspace, country="DE")
    assert count_of_an_edit_that_fails(workspace) == Size(1)
    assert size_of(workspace, FRENCH) == Size(0)
