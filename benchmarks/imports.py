"""A partner's users call with 1,000 external ids.

``import_1000_new``: everybody is new to the cohort. Median of interleaved pairs: our call over
HTTP on a connection kept alive, and the floor, which is the same work as bare SQL over psycopg
(resolve, upsert, ledger row, in one transaction, and nothing else), each into a cohort of its own
with the same people, drawn at random from all. They take turns in going first, for who comes
second finds the pages in memory.

``import_1000_repeat``: the same calls once more, so that nothing changes.

``import_1000_4conn_p95``: four connections at once, each with a share of new people in calls of
1,000 to one cohort, as Amplitude does; the 95th percentile over all calls.
"""

import json
import random
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import batched, count
from time import perf_counter
from typing import Any

import psycopg

from benchmarks.worlds.bench import Bench
from benchmarks.worlds.figures import Figure, percentile
from benchmarks.worlds.portal import Portal, post
from cohorts.models import Cohort, CohortMembership, DataImportKey, Partner
from cohorts.provisioning import Secrets, provision
from workspaces.models import Workspace

CALL = 1000
PAIRS = 60
CONNECTIONS = 4
CALLS_EACH = 25
JSON = {"Content-Type": "application/json"}

RESOLVE = """
select external_id, id from profiles_profile
where workspace_id = %s and external_id = any(array(select json_array_elements_text(%s)))
"""
# Who is in already is left out before the insert: a conflict would lock, and so write, the row.
UPSERT = """
insert into cohorts_cohortmembership as member (cohort_id, profile_id, active, entered_at)
select %(cohort)s, id, true, now() from unnest(%(ids)s::bigint[]) as asked (id)
where not exists (
    select from cohorts_cohortmembership as known
    where known.cohort_id = (select %(cohort)s::bigint) and known.profile_id = id and known.active
)
order by id
on conflict (cohort_id, profile_id) do update
    set active = true, entered_at = excluded.entered_at, left_at = null
    where not member.active
returning profile_id
"""
LEDGER = """
insert into cohorts_cohortimport (
    workspace_id, partner_id, cohort_id, cohort_identifier, key_id, call, received_at, asked,
    added, removed, unchanged, unmatched, ignored, unmatched_sample, duration_ms, outcome, status,
    reason
)
values (%s, %s, %s, 'floor', %s, 'users', now(), %s, %s, 0, %s, %s, 0, %s, 0, 'applied', 201, '')
"""

Call = Callable[[list[str]], float]


def measure(bench: Bench) -> Iterator[Figure]:
    """Give the three figures."""
    portal, workspace = bench.portal, bench.workspace
    secrets = provision(workspace, Partner.objects.get(slug="heap"))
    drawn = _drawn(bench.users)
    with psycopg.connect(bench.url, autocommit=True) as connection:
        ours, floor = _over_http(portal.connect(), secrets, "ours"), _bare(connection, workspace)
        for warm in (ours, floor):
            warm(next(drawn))
        calls = [next(drawn) for _ in range(PAIRS)]
        yield _compared("import_1000_new", ours, floor, calls)
        _insist_on_members(ours=PAIRS + 1, floor=PAIRS + 1)
        yield _compared("import_1000_repeat", ours, floor, calls)
        _insist_on_members(ours=PAIRS + 1, floor=PAIRS + 1)
    yield _four_at_once(portal, secrets, drawn)


def _compared(name: str, ours: Call, floor: Call, calls: list[list[str]]) -> Figure:
    times: dict[Call, list[float]] = {ours: [], floor: []}
    for turn, ids in zip(count(), calls, strict=False):
        for call in (ours, floor) if turn % 2 else (floor, ours):
            times[call].append(call(ids))
    medians = {call: statistics.median(took) for call, took in times.items()}
    peers = {"bare SQL": medians[floor]}
    return Figure(name, "ms", medians[ours], peers, target=1.5, target_is_ratio=True)


def _four_at_once(portal: Portal, secrets: Secrets, drawn: Iterator[list[str]]) -> Figure:
    shares = batched((next(drawn) for _ in range(CONNECTIONS * CALLS_EACH)), CALLS_EACH)

    def send(share: tuple[list[str], ...]) -> list[float]:
        call = _over_http(portal.connect(), secrets, "four")
        return [call(ids) for ids in share]

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        times = [took for share in pool.map(send, list(shares)) for took in share]
    return Figure("import_1000_4conn_p95", "ms", percentile(times, 0.95), target=500)


def _over_http(connection: HTTPConnection, secrets: Secrets, cohort: str) -> Call:
    def call(ids: list[str]) -> float:
        body: dict[str, Any] = {
            "partner_api_key": secrets.partner_api_key,
            "client_secret": secrets.data_import_key,
            "cohort_id": cohort,
            "cohort_changes": [{"user_ids": ids}],
        }
        sent = json.dumps(body).encode()
        return post(connection, "/partners/heap/cohorts/users", sent, JSON, expect=201)

    return call


def _bare(connection: psycopg.Connection, workspace: Workspace) -> Call:
    key = DataImportKey.objects.in_workspace(workspace).live()[0]
    names = {"cohort_id": "floor", "name": "floor"}
    cohort = Cohort.objects.create(workspace=workspace, partner=key.partner, **names).pk
    whose = (workspace.pk, key.partner_id, cohort, key.pk)

    def call(ids: list[str]) -> float:
        started = perf_counter()
        with connection.transaction():
            rows = connection.execute(RESOLVE, (workspace.pk, json.dumps(ids))).fetchall()
            found: dict[str, int] = dict(rows)
            asked = {"cohort": cohort, "ids": list(found.values())}
            written = connection.execute(UPSERT, asked).fetchall()
            unmatched = json.dumps([["user_ids", i] for i in ids if i not in found])
            counts = (len(ids), len(written), len(found) - len(written), len(ids) - len(found))
            connection.execute(LEDGER, (*whose, *counts, unmatched))
        return (perf_counter() - started) * 1000

    return call


def _drawn(users: int) -> Iterator[list[str]]:
    """Calls of people drawn at random, nobody twice."""
    numbers = list(range(1, users + 1))
    random.Random(1).shuffle(numbers)
    wanted = (2 + PAIRS + CONNECTIONS * CALLS_EACH) * CALL
    if users < wanted:
        raise SystemExit(f"PROFILES must be at least {wanted:,}")
    for part in batched(numbers, CALL):
        yield [f"user-{n}" for n in part]


def _insist_on_members(**calls: int) -> None:
    for cohort, sent in calls.items():
        members = CohortMembership.objects.filter(cohort__cohort_id=cohort, active=True).count()
        if members != sent * CALL:
            raise SystemExit(f"The cohort {cohort} has {members:,} members after {sent} calls")
