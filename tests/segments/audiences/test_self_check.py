"""The self-check finds stored bitmaps that are wrong, replaces them, and tells of it."""

import json
import logging
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from pyroaring import BitMap

from profiles.models import Profile
from segments.audiences import bitmaps, verifying
from segments.audiences.people import people_of, this_minute
from segments.filters.base import Filter
from segments.filters.judging import checked_leaf
from segments.models import LeafBitmap, LeafBuild, WrongBitmap
from segments.tasks import verify_bitmaps
from tests.worlds.factories import ProfileFactory
from tests.worlds.settling import settle
from tests.worlds.targeting_world import leaf
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

FRENCH = checked_leaf(leaf("country", "any_of", "FR"))
GERMAN = checked_leaf(leaf("country", "any_of", "DE"))
RECENT = checked_leaf(leaf("created_at", "less_ago", 1))


@pytest.fixture
def people(workspace: Workspace) -> list[int]:
    """Three who are French and one who is German; all of it stored."""
    countries = ("FR", "FR", "FR", "DE")
    made = [ProfileFactory(workspace=workspace, country=country).pk for country in countries]
    settle()
    for item in (FRENCH, GERMAN):
        found(workspace, item)
    return made


def found(workspace: Workspace, item: Filter) -> list[int]:
    with people_of(workspace) as people:
        return list(people.leaf(item))


def row_of(workspace: Workspace, item: Filter) -> Any:
    return LeafBitmap.objects.filter(pk=item.fingerprint(workspace))


def spoil(workspace: Workspace, item: Filter, **values: Any) -> None:
    assert row_of(workspace, item).update(**values) == 1


def test_a_right_bitmap_is_left_alone(workspace: Workspace, people: list[int]) -> None:
    Profile.objects.filter(pk=people[0]).update(country="DE")
    kept = list(LeafBitmap.objects.order_by("pk").values())
    assert verifying.nightly() == verifying.Report(right=2)
    assert list(LeafBitmap.objects.order_by("pk").values()) == kept
    assert WrongBitmap.objects.count() == 0


def test_a_wrong_bitmap_is_replaced_in_every_process(
    workspace: Workspace, people: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    spoil(workspace, FRENCH, bitmap=BitMap([people[0], people[3]]).serialize())
    bitmaps.cached.clear()
    # As a process has it that read the wrong one.
    assert found(workspace, FRENCH) == [people[0], people[3]]
    verify_bitmaps(timestamp=0)
    assert found(workspace, FRENCH) == people[:3]
    wrong = WrongBitmap.objects.get()
    assert (wrong.stored, wrong.true, wrong.missing, wrong.surplus) == (2, 3, 2, 1)
    name = FRENCH.fingerprint(workspace)
    assert (wrong.fingerprint, LeafBuild.objects.get().pk) == (name, name)
    [told] = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert told == (
        f"the bitmap {name} of workspace {workspace.pk} was wrong, and is built anew: "
        "2 people stored, 3 true, 2 missing, 1 too many, 0 asleep"
    )


def test_what_a_process_had_of_a_wrong_bitmap_is_not_stored_again(
    workspace: Workspace, people: list[int]
) -> None:
    spoil(workspace, FRENCH, bitmap=BitMap([people[3]]).serialize())
    bitmaps.cached.clear()
    with people_of(workspace) as before:
        wrong = bitmaps.Leaf(before.leaf(FRENCH), before.leaves.whole.snapshot, before.now)
    assert len(verifying.nightly().wrong) == 1
    name = FRENCH.fingerprint(workspace)
    bitmaps.store(workspace.pk, {name: wrong}, {name: FRENCH})
    assert not row_of(workspace, FRENCH).exists()


@pytest.mark.parametrize("hours", [0, 30])
def test_one_that_drifts_is_compared_at_its_own_moment(workspace: Workspace, hours: int) -> None:
    person = ProfileFactory(workspace=workspace)
    settle()
    then = this_minute() - timedelta(hours=hours)
    Profile.objects.filter(pk=person.pk).update(created_at=then - timedelta(hours=20))
    settle()
    with people_of(workspace, now=then) as people:
        assert list(people.leaf(RECENT)) == [person.pk]
    assert verifying.nightly() == verifying.Report(right=1)


def test_one_that_does_not_know_who_drifts_is_wrong(workspace: Workspace) -> None:
    person, now = ProfileFactory(workspace=workspace), this_minute()
    Profile.objects.filter(pk=person.pk).update(created_at=now - timedelta(hours=20))
    settle()
    assert found(workspace, RECENT) == [person.pk]
    spoil(workspace, RECENT, restless=None)
    [wrong] = verifying.nightly().wrong
    assert (wrong.missing, wrong.surplus, wrong.asleep) == (0, 0, 1)


def test_what_serves_nobody_any_more_is_skipped(workspace: Workspace, people: list[int]) -> None:
    spoil(workspace, FRENCH, moment=this_minute() - bitmaps.MOST_STALE)
    spoil(workspace, GERMAN, leaf={"filter": "gone", "operator": "is", "value": []})
    assert verifying.nightly() == verifying.Report(skipped=2)


def test_one_wrong_bitmap_in_the_sample_has_all_compared(
    workspace: Workspace, people: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "USED_LAST", 1)
    monkeypatch.setattr(verifying, "DRAWN", 0)
    nobody = BitMap().serialize()
    for item in (FRENCH, GERMAN):
        spoil(workspace, item, bitmap=nobody)
    assert len(verifying.nightly().wrong) == 2


def verified(*options: str) -> tuple[int, str]:
    said, status = StringIO(), 0
    try:
        call_command("audiences", "--verify", *options, stdout=said)
    except SystemExit as end:
        status = int(end.code or 0)
    return status, said.getvalue()


def test_an_operator_verifies_at_once(workspace: Workspace, people: list[int]) -> None:
    right = {"compared": 2, "skipped": 0, "wrong": []}
    status, said = verified("--all", "--json")
    assert (status, json.loads(said)) == (0, right)
    spoil(workspace, GERMAN, bitmap=BitMap().serialize())
    status, said = verified()
    assert status == 1
    assert "Wrong     1\n" in said
    assert f"workspace {workspace.pk}, stored 0, true 1, missing 1, surplus 0, asleep 0" in said
    assert verified()[0] == 0


def test_admins_are_told_for_a_week(
    admin_client: Client, marketer_client: Client, workspace: Workspace, people: list[int]
) -> None:
    told = "found a filter whose size was wrong"
    assert told not in admin_client.get("/w/acme/").text
    spoil(workspace, GERMAN, bitmap=BitMap().serialize())
    verifying.nightly()
    assert told in admin_client.get("/w/acme/").text
    assert told not in marketer_client.get("/w/acme/").text
    WrongBitmap.objects.update(found_at=this_minute() - timedelta(days=8))
    assert told not in admin_client.get("/w/acme/").text
