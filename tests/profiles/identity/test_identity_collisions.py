"""Many callers who say at once who is who: nothing is lost, and nobody is told of a deadlock."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from cohorts.models import CohortMembership
from profiles.events import NewEvent, record_events
from profiles.models import Alias, Event, EventKind, EventTotal, Merge, Profile
from tests.worlds.factories import AliasFactory, CohortFactory, ProfileFactory
from tests.worlds.merged_world import World
from tests.worlds.partner_calls import PartnerCaller, add, members, remove
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 10
THREADS = 4
ALIAS = {"alias_label": "crm", "alias_name": "17"}


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace)


def at_once(*work: Callable[[], Any]) -> list[Any]:
    """Run ``work`` in a thread each, begun together; return what each gives."""
    start = Barrier(len(work))

    def run(one: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return one()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def people(workspace: Workspace, number: int = PEOPLE) -> list[str]:
    ids = [f"user-{n}" for n in range(number)]
    for external_id in ids:
        ProfileFactory(workspace=workspace, external_id=external_id)
    return ids


def merge(caller: RestCaller, merged: str, kept: str) -> int:
    pair = {
        "identifier_to_merge": {"external_id": merged},
        "identifier_to_keep": {"external_id": kept},
    }
    return caller.post("/users/merge", {"merge_updates": [pair]}).status_code


def identify(caller: RestCaller, external_id: str) -> Any:
    item = {"external_id": external_id, "user_alias": ALIAS}
    return caller.post("/users/identify", {"aliases_to_identify": [item]}).json()


def test_two_merges_crosswise_leave_one_person(caller: RestCaller) -> None:
    one, other = people(caller.workspace, 2)
    crosswise = (lambda: merge(caller, one, other), lambda: merge(caller, other, one))
    statuses = at_once(*crosswise * 3)
    assert statuses == [202] * 6
    assert Profile.objects.count() == Merge.objects.count() == 1


def test_many_merges_lose_no_event_and_no_membership(caller: RestCaller) -> None:
    ids = people(caller.workspace)
    World(caller.workspace)
    for person in Profile.objects.all():
        # Each is alone in a cohort, and all did the same thing.
        CohortMembership.objects.create(
            cohort=CohortFactory(workspace=caller.workspace),
            profile=person,
            active=True,
            entered_at=timezone.now(),
        )
        did = NewEvent(person.pk, EventKind.CUSTOM, "Signed up", timezone.now())
        record_events(caller.workspace, [did])

    def merges(seed: int) -> set[int]:
        chance = random.Random(seed)
        return {merge(caller, *chance.sample(ids, 2)) for _ in range(8)}

    found = at_once(*(lambda seed=seed: merges(seed) for seed in range(THREADS)))
    assert found == [{202}] * THREADS
    assert Profile.objects.count() == PEOPLE - Merge.objects.count()
    active = CohortMembership.objects.filter(active=True)
    assert active.values("cohort").distinct().count() == active.count() == PEOPLE
    assert Event.objects.count() == PEOPLE
    assert EventTotal.objects.aggregate(total=Sum("count"))["total"] == PEOPLE


@pytest.mark.parametrize("known", [False, True])
def test_one_alias_identified_by_many_at_once(caller: RestCaller, known: bool) -> None:
    anonymous = ProfileFactory(workspace=caller.workspace, external_id=None, country="FR")
    AliasFactory(profile=anonymous, label="crm", name="17")
    if known:
        ProfileFactory(workspace=caller.workspace, external_id="ada")
    answers = at_once(*[lambda: identify(caller, "ada")] * THREADS)
    assert answers == [{"aliases_processed": 1, "message": "success"}] * THREADS
    person = Profile.objects.get()
    assert (person.external_id, person.country, person.aliases.count()) == ("ada", "FR", 1)


def test_one_alias_identified_as_two_people_becomes_one_of_them(caller: RestCaller) -> None:
    AliasFactory(
        profile=ProfileFactory(workspace=caller.workspace, external_id=None),
        label="crm",
        name="17",
    )
    answers = at_once(*(lambda name=name: identify(caller, name) for name in ("ada", "bob")))
    assert sorted(answer["aliases_processed"] for answer in answers) == [0, 1]
    assert Profile.objects.get().external_id in {"ada", "bob"}


def test_one_alias_made_by_many_at_once_makes_one_person(caller: RestCaller) -> None:
    def make() -> Any:
        return caller.post("/users/alias/new", {"user_aliases": [ALIAS]}).json()

    answers = at_once(*[make] * THREADS)
    assert answers == [{"aliases_processed": 1, "message": "success"}] * THREADS
    assert Profile.objects.get() == Alias.objects.get().profile


def test_one_external_id_is_taken_once(caller: RestCaller) -> None:
    ids = people(caller.workspace, THREADS)

    def rename(old: str) -> list[str]:
        body = {"external_id_renames": [{"current_external_id": old, "new_external_id": "new"}]}
        return caller.post("/users/external_ids/rename", body).json()["external_ids"]

    found = at_once(*(lambda old=old: rename(old) for old in ids))
    assert sorted(found) == [*[[]] * (THREADS - 1), ["new"]]
    assert Profile.objects.filter(external_id__in=ids).count() == THREADS - 1


def test_merges_and_deletions_while_a_partner_syncs(
    heap: PartnerCaller, caller: RestCaller
) -> None:
    ids, chance = people(heap.workspace, 30), random.Random(1)
    world = World(heap.workspace)
    heap.users(add(*ids[::2]))
    world.audiences()

    def syncs() -> list[int]:
        statuses = []
        for _ in range(12):
            mixed = chance.sample(ids, 20)
            answer = heap.users(add(*mixed[:10]), remove(*mixed[10:]))
            statuses.append(answer.status_code)
        return statuses

    def merges() -> list[int]:
        return [merge(caller, ids[n], ids[n + 1]) for n in range(0, 20, 2)]

    def deletions() -> list[int]:
        return [
            caller.post("/users/delete", {"external_ids": [ids[n], ids[n + 1]]}).status_code
            for n in range(20, 26, 2)
        ]

    assert at_once(syncs, merges, deletions) == [[201] * 12, [202] * 10, [201] * 3]
    left = {ids[n] for n in range(1, 20, 2)} | set(ids[26:])
    assert set(Profile.objects.values_list("external_id", flat=True)) == left
    active = CohortMembership.objects.filter(active=True).values_list("profile", flat=True)
    assert world.audiences()["cohort"] == set(active)
    heap.users(add(*ids))
    assert members() == left


def test_merges_lose_nothing_that_is_tracked_meanwhile(caller: RestCaller) -> None:
    ids = people(caller.workspace)

    def tracks(seed: int) -> list[int]:
        chance, statuses = random.Random(seed), []
        for number in range(6):
            told = [{"external_id": name} for name in chance.sample(ids, 5)]
            did = {"name": "Signed up", "time": "2026-11-20T10:00:00Z"}
            body = {
                "attributes": [who | {f"said-{seed}-{number}": True} for who in told[:1]],
                "events": [who | did for who in told],
            }
            statuses.append(caller.post("/users/track", body).status_code)
        return statuses

    def merges() -> list[int]:
        return [merge(caller, *pair) for pair in zip(ids, ids[1:], strict=False)]

    found = at_once(lambda: tracks(1), lambda: tracks(2), merges)
    assert found == [[201] * 6, [201] * 6, [202] * (PEOPLE - 1)]
    totals = EventTotal.objects.aggregate(total=Sum("count"))
    assert (Event.objects.count(), totals["total"]) == (60, 60)
    told = {name for known in Profile.objects.values_list("custom", flat=True) for name in known}
    assert len(told) == 12
