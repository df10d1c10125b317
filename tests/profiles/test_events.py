"""Totals are what a plain count of the events gives, whoever writes them and how many at once."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, Max, Min, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from profiles.events import NewEvent, record_events
from profiles.models import Event, EventKind, EventName, EventTotal, Profile
from tests.worlds.factories import ProfileFactory
from workspaces.models import Workspace

START = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = ("profile_id", "workspace_id", "kind", "name")


def an_event(profile: Profile, **fields: Any) -> NewEvent:
    known = {"kind": EventKind.CUSTOM, "name": "Signed up", "time": START} | fields
    return NewEvent(profile.pk, **known)


def drawn(profile: Profile, chance: random.Random) -> NewEvent:
    """A random event: few names and times, so that many meet in one total."""
    return NewEvent(
        profile.pk,
        chance.choice(list(EventKind)),
        chance.choice("abc"),
        START + timedelta(hours=chance.randrange(50)),
        chance.choice([None, Decimal("1.25"), Decimal("-3.5")]),
    )


def counted() -> list[dict[str, Any]]:
    """The totals, by a plain count of all events."""
    return list(
        Event.objects.values(*COLUMNS)
        .annotate(
            count=Count("pk"),
            spent=Coalesce(Sum("amount"), Decimal(0)),
            first_at=Min("time"),
            last_at=Max("time"),
        )
        .order_by("profile_id", "kind", "name")
    )


def kept() -> list[dict[str, Any]]:
    rows = EventTotal.objects.order_by("profile_id", "kind", "name")
    return list(rows.values(*COLUMNS, "count", "spent", "first_at", "last_at"))


@pytest.mark.parametrize("seed", range(5))
def test_totals_are_kept_through_inserts_edits_and_deletions(
    workspace: Workspace, seed: int
) -> None:
    chance = random.Random(seed)
    people = [ProfileFactory(workspace=workspace) for _ in range(3)]
    for _round in range(6):
        record_events(workspace, [drawn(chance.choice(people), chance) for _ in range(20)])
        assert kept() == counted()
        Event.objects.filter(name=chance.choice("abc"), profile=people[0]).update(
            name=chance.choice("abcd"), amount=Decimal(7), time=START
        )
        assert kept() == counted()
        some = list(Event.objects.order_by("?").values_list("pk", flat=True)[:15])
        Event.objects.filter(pk__in=some).delete()
        assert kept() == counted()


def test_totals_follow_events_that_move_to_another_person(workspace: Workspace) -> None:
    chance = random.Random(1)
    here, there = (ProfileFactory(workspace=workspace) for _ in range(2))
    record_events(workspace, [drawn(here, chance) for _ in range(30)])
    record_events(workspace, [an_event(there)])
    here.events.update(profile=there)
    assert kept() == counted()
    assert set(EventTotal.objects.values_list("profile", flat=True)) == {there.pk}


def test_totals_go_with_their_person(workspace: Workspace) -> None:
    chance = random.Random(2)
    people = [ProfileFactory(workspace=workspace) for _ in range(2)]
    record_events(workspace, [drawn(profile, chance) for profile in people * 10])
    people[0].delete()
    assert kept() == counted()
    assert set(EventTotal.objects.values_list("profile", flat=True)) == {people[1].pk}


def test_names_are_learnt_once_and_stay(workspace: Workspace) -> None:
    profile = ProfileFactory(workspace=workspace)
    record_events(workspace, [an_event(profile, name=name) for name in "bab"])
    Event.objects.filter(name="a").update(name="c")
    Event.objects.all().delete()
    assert list(EventName.objects.values_list("kind", "name")) == [
        ("custom", "a"),
        ("custom", "b"),
        ("custom", "c"),
    ]


def test_nothing_is_recorded_where_nothing_happened(workspace: Workspace) -> None:
    record_events(workspace, [])
    assert not Event.objects.exists()


def test_an_event_is_kept_as_it_came(workspace: Workspace) -> None:
    profile = ProfileFactory(workspace=workspace)
    bought = an_event(
        profile, kind=EventKind.PURCHASE, amount=Decimal("9.99"), properties={"size": "L", "n": 2}
    )
    record_events(workspace, [bought, bought])
    first, second = Event.objects.order_by("pk")
    assert (first.kind, first.amount, first.time) == ("purchase", Decimal("9.99"), START)
    assert first.properties == second.properties == {"size": "L", "n": 2}


def test_a_time_yet_to_come_is_now(workspace: Workspace) -> None:
    profile = ProfileFactory(workspace=workspace)
    record_events(workspace, [an_event(profile, time=timezone.now() + timedelta(days=3))])
    assert Event.objects.get().time <= timezone.now()


def at_once(works: list[Callable[[], Any]]) -> None:
    """Run each of ``works`` in a thread with a connection of its own."""

    def closing(work: Callable[[], Any]) -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(closing, work) for work in works]:
            done.result()


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_lose_nothing(transactional_db: None) -> None:
    people = [ProfileFactory() for _ in range(1)]
    workspace = people[0].workspace
    people += [ProfileFactory(workspace=workspace) for _ in range(4)]

    def writer(seed: int) -> Callable[[], None]:
        def write() -> None:
            chance = random.Random(seed)
            for _ in range(15):
                record_events(workspace, [drawn(chance.choice(people), chance) for _ in range(20)])
                some = [profile.pk for profile in chance.sample(people, 2)]
                Event.objects.filter(profile__in=some, name=chance.choice("abc")).update(
                    name=chance.choice("abc")
                )
                Event.objects.filter(profile=chance.choice(people), name="b").delete()

        return write

    at_once([writer(seed) for seed in range(4)])
    assert kept() == counted()
