"""Many calls at once, and calls that are cut off: over HTTP, as in production."""

import json
import random
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from django.db import connection, models

from cohorts.models import CohortImport, CohortMembership
from tests.worlds.factories import ProfileFactory
from tests.worlds.partner_calls import PartnerCaller, add, members, remove
from tests.worlds.web_process import WebProcess, database_url, eventually

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 40


BACKENDS = "select count(*) from pg_stat_activity where datname = current_database()"


def number(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def deadlocks() -> int:
    return number("select deadlocks from pg_stat_database where datname = current_database()")


def waiting_calls() -> int:
    """How many calls are about to write memberships."""
    writing = " and state = 'active' and query like 'insert into cohorts_cohortmembership%'"
    return number(BACKENDS + writing)


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[WebProcess]:
    process = WebProcess()
    yield process
    process.end(signal.SIGTERM)


@pytest.fixture
def own_web() -> Iterator[WebProcess]:
    """One that the test itself brings to its end."""
    process = WebProcess()
    yield process
    if process.process.poll() is None:
        process.end(signal.SIGTERM)


@pytest.fixture
def people(heap: PartnerCaller) -> list[str]:
    ids = [f"user-{n}" for n in range(PEOPLE)]
    for external_id in ids:
        ProfileFactory(workspace=heap.workspace, external_id=external_id)
    return ids


def test_eight_threads_add_and_remove_crosswise(
    heap: PartnerCaller, people: list[str], own_web: WebProcess
) -> None:
    def sync(seed: int) -> list[int]:
        chance = random.Random(seed)
        statuses = []
        for _ in range(15):
            mixed = chance.sample(people, PEOPLE)
            changes = [add(*mixed[:20]), remove(*mixed[20:])]
            body = heap.keys | {"cohort_id": "c1", "cohort_changes": changes}
            statuses.append(own_web.post("cohorts/users", json=body).status_code)
        return statuses

    before = deadlocks()
    with ThreadPoolExecutor(8) as pool:
        statuses = [status for found in pool.map(sync, range(8)) for status in found]
    assert statuses == [201] * 120
    # A backend tells its count when it ends, at the latest.
    own_web.end(signal.SIGTERM)
    eventually(lambda: number(BACKENDS + f" and application_name = '{own_web.port}'") == 0)
    assert deadlocks() == before
    totals = CohortImport.objects.aggregate(
        *(models.Sum(name) for name in ("asked", "added", "removed", "unchanged"))
    )
    assert totals["asked__sum"] == 120 * PEOPLE
    assert totals["added__sum"] - totals["removed__sum"] == len(members())
    changes = totals["added__sum"] + totals["removed__sum"] + totals["unchanged__sum"]
    assert changes == totals["asked__sum"]


def test_threads_that_share_nobody_lose_nothing(
    heap: PartnerCaller, people: list[str], web: WebProcess
) -> None:
    def sync(thread: int) -> set[str]:
        own, chance = people[thread::8], random.Random(thread)
        for _ in range(10):
            inside = set(chance.sample(own, 3))
            changes = [remove(*(set(own) - inside)), add(*inside)]
            body = heap.keys | {"cohort_id": "c1", "cohort_changes": changes}
            assert web.post("cohorts/users", json=body).status_code == 201
        return inside

    with ThreadPoolExecutor(8) as pool:
        expected = set().union(*pool.map(sync, range(8)))
    assert members() == expected


def test_web_process_killed_in_mid_call_applies_nothing(
    heap: PartnerCaller, people: list[str], own_web: WebProcess
) -> None:
    heap.users(add(people[-1]))
    heap.users(remove(people[-1]))
    before = (members(), CohortImport.objects.count())
    body = heap.keys | {"cohort_id": "c1", "cohort_changes": [add(*people)]}
    with psycopg.connect(database_url()) as other, ThreadPoolExecutor(1) as pool:
        # The call has written everyone but the last when it comes to this row.
        other.execute("select from cohorts_cohortmembership for update")
        call = pool.submit(own_web.post, "cohorts/users", json=body)
        eventually(lambda: waiting_calls() == 1)
        own_web.end(signal.SIGKILL)
        assert isinstance(call.exception(), httpx.TransportError)
    eventually(lambda: waiting_calls() == 0)
    assert (members(), CohortImport.objects.count()) == before
    assert CohortMembership.objects.count() == 1

    again = WebProcess()
    assert again.post("cohorts/users", json=body).status_code == 201
    again.end(signal.SIGTERM)
    assert members() == set(people)


def test_person_deleted_in_mid_call_is_left_out(
    heap: PartnerCaller, people: list[str], web: WebProcess
) -> None:
    heap.users(add(people[-1]))
    heap.users(remove(people[-1]))
    body = heap.keys | {"cohort_id": "c1", "cohort_changes": [add(*people)]}
    with psycopg.connect(database_url()) as other, ThreadPoolExecutor(1) as pool:
        other.execute("select from cohorts_cohortmembership for update")
        other.execute("delete from profiles_profile where external_id = %s", [people[0]])
        call = pool.submit(web.post, "cohorts/users", json=body)
        eventually(lambda: waiting_calls() == 1)
        other.commit()
        assert call.result().status_code == 201
    assert members() == set(people[1:])
    assert CohortImport.objects.first().unmatched == 1


def test_body_in_chunks(heap: PartnerCaller, people: list[str], web: WebProcess) -> None:
    body = heap.keys | {"cohort_id": "c1", "cohort_changes": [add(*people)]}
    parts = (bytes([byte]) for byte in json.dumps(body).encode())
    assert web.post("cohorts/users", content=parts).status_code == 201
    assert members() == set(people)


@pytest.mark.parametrize("chunked", [False, True])
def test_body_over_1_mb_is_refused_unread(
    heap: PartnerCaller, web: WebProcess, chunked: bool
) -> None:
    body = json.dumps(heap.keys).encode().ljust(3 * 1024 * 1024)
    response = web.post("cohorts", content=iter([body]) if chunked else body)
    assert (response.status_code, list(response.json())) == (413, ["message"])
