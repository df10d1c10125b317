"""The bitmaps of single filters, leaves of a tree: built, caught up, kept.

``leaf_cold``: building a leaf that nobody asked for before, in an open snapshot, beside
``count(*)`` over the same query. One filter of each of five kinds, medians of interleaved rounds;
shown is the kind with the worst ratio, and in the note all ratios.

``leaf_catchup_20``: twenty leaves, each a cohort with a twentieth of the people; one statement
changes 10,000 memberships, 500 in each. Timed is a snapshot in which all twenty are caught up
together. Median of the rounds; at the end each size is compared with a count in SQL.

``leaf_wal``: fifty leaves of many kinds are looked at thirty times; before each look one statement
changes the country and a number of 1,000 users. Counted is the write-ahead log of the looks alone,
most of which is that changed leaves are stored again. Megabytes.

``bitmaps_200``: what 200 leaves of many kinds take in PostgreSQL, with indexes and TOAST, after a
vacuum. Megabytes.
"""

import random
import statistics
from collections.abc import Iterator
from datetime import date, timedelta
from time import perf_counter

import psycopg
from django.db import connection

from benchmarks.changes import cohorts
from benchmarks.worlds.bench import Bench, forget_bitmaps
from benchmarks.worlds.figures import Figure
from benchmarks.worlds.trees import COUNTRIES, Leaf, in_any, leaf
from segments.audiences.people import people_of
from segments.filters.base import Filter
from segments.filters.judging import checked_leaf

COLD_ROUNDS = 7
CATCH_UPS = 9
CHANGED = 10_000
LOOKS = 30
LOOKED_AT = 1_000
START = date(2025, 1, 1)

# As many from each cohort, starting somewhere else in each round.
CHANGE_MANY = """
update cohorts_cohortmembership as member set active = not active
from unnest(%s::bigint[]) as asked (cohort_id), lateral (
    select profile_id from cohorts_cohortmembership as known
    where known.cohort_id = asked.cohort_id order by profile_id offset %s limit %s
) as drawn
where member.cohort_id = asked.cohort_id and member.profile_id = drawn.profile_id
"""
CHANGE_NUMBERS = """
update profiles_profile
set country = case country when 'US' then 'FR' else 'US' end,
    custom = custom || jsonb_build_object('lifetime_value', floor(random() * 4000))
where id = any(%s)
"""
COUNT = "select count(*) from cohorts_cohortmembership where active and cohort_id = %s"


def cold(bench: Bench) -> Iterator[Figure]:
    """Give ``leaf_cold``."""
    kinds = {
        name: checked_leaf(stored) for name, stored in _kinds(cohorts(bench.workspace, bench.url))
    }
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in kinds}
    for _ in range(COLD_ROUNDS):
        for name, item in kinds.items():
            built, counted = times[name]
            counted.append(_counted(bench, item))
            built.append(_built(bench, item))
    medians = {name: tuple(map(statistics.median, both)) for name, both in times.items()}
    ratios = {name: ours / floor for name, (ours, floor) in medians.items()}
    worst = max(ratios, key=lambda name: ratios[name])
    ours, floor = medians[worst]
    shown = ", ".join(f"{name} {ratio:.2f} x" for name, ratio in ratios.items())
    peers = {"count(*)": floor}
    yield Figure("leaf_cold", "ms", ours, peers, target=2.5, target_is_ratio=True, note=shown)


def catch_up(bench: Bench) -> Iterator[Figure]:
    """Give ``leaf_catchup_20``."""
    known = cohorts(bench.workspace, bench.url)
    leaves = [checked_leaf(in_any([pk])) for pk in known]
    _sizes(bench, leaves)
    each = CHANGED // len(known)
    times, changed = [], 0
    with psycopg.connect(bench.url, autocommit=True) as writer:
        for n in range(CATCH_UPS):
            start = n * each % max(bench.users // len(known) - each, 1)
            changed = writer.execute(CHANGE_MANY, (known, start, each)).rowcount
            started = perf_counter()
            sizes = _sizes(bench, leaves)
            times.append((perf_counter() - started) * 1000)
        counts = [row[0] for pk in known for row in writer.execute(COUNT, (pk,))]
    if sizes != counts:
        raise SystemExit(f"The sizes {sizes} are not the counts {counts}")
    note = f"{changed:,} memberships changed"
    yield Figure("leaf_catchup_20", "ms", statistics.median(times), target=150, note=note)


def wal(bench: Bench) -> Iterator[Figure]:
    """Give ``leaf_wal``."""
    forget_bitmaps()
    leaves = [checked_leaf(item) for item in many_kinds(cohorts(bench.workspace, bench.url))][::4][
        :50
    ]
    _sizes(bench, leaves)
    people, chance = bench.everyone(), random.Random(1)
    written = 0
    with psycopg.connect(bench.url, autocommit=True) as writer:
        for _ in range(LOOKS):
            some = [people[n] for n in chance.sample(range(len(people)), LOOKED_AT)]
            writer.execute(CHANGE_NUMBERS, (some,))
            before = _end_of_log(writer)
            _sizes(bench, leaves)
            written += _end_of_log(writer) - before
    yield Figure("leaf_wal", "MB", written / 1e6, note=f"{LOOKS} looks at {len(leaves)} leaves")


def _end_of_log(connection: psycopg.Connection) -> int:
    found = connection.execute("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    return int(found[0]) if found else 0


def stored(bench: Bench) -> Iterator[Figure]:
    """Give ``bitmaps_200``."""
    forget_bitmaps()
    leaves = [checked_leaf(item) for item in many_kinds(cohorts(bench.workspace, bench.url))]
    _sizes(bench, leaves)
    with psycopg.connect(bench.url, autocommit=True) as writer:
        writer.execute("vacuum segments_leafbitmap")
        found = writer.execute(
            "select count(*), pg_total_relation_size('segments_leafbitmap')"
            " from segments_leafbitmap"
        )
        kept, size = found.fetchone() or (0, 0)
    yield Figure("bitmaps_200", "MB", size / 1e6, target=150, note=f"{kept} bitmaps")


def _kinds(known: list[int]) -> Iterator[tuple[str, Leaf]]:
    yield "cohort", in_any(known[:1])
    yield "country", leaf("country", "any_of", "US", "FR", "GB")
    yield "number", leaf("custom_number:lifetime_value", "more", 1000)
    yield "array", leaf("custom_array:interests", "includes_any", "design", "reporting")
    yield "time", leaf("custom_time:last_login", "less_ago", 60)


def many_kinds(known: list[int]) -> Iterator[Leaf]:
    """Two hundred filters: countries alone and in pairs, numbers, days, buckets, cohorts."""
    yield from (leaf("country", "any_of", country) for country in COUNTRIES)
    yield from (leaf("country", "any_of", *COUNTRIES[n : n + 3]) for n in range(12))
    yield from (in_any([pk]) for pk in known[:13])
    for n in range(40):
        yield leaf("custom_number:lifetime_value", "more", 100 * n)
        yield leaf("custom_number:logins", "less", 10 + 20 * n)
        yield leaf("created_at", "after", str(START + timedelta(days=7 * n)))
        yield leaf("random_bucket", "between", 250 * n, 250 * n + 999 if n < 36 else 9999)


def _counted(bench: Bench, item: Filter) -> float:
    with people_of(bench.workspace) as people, connection.cursor() as cursor:
        query = item.query(bench.workspace, people.now)
        started = perf_counter()
        cursor.execute(f"select count(*) from ({query.sql}) as found", query.params)
        cursor.fetchone()
        return (perf_counter() - started) * 1000


def _built(bench: Bench, item: Filter) -> float:
    forget_bitmaps()
    with people_of(bench.workspace) as people:
        started = perf_counter()
        people.leaf(item)
        return (perf_counter() - started) * 1000


def _sizes(bench: Bench, leaves: list[Filter]) -> list[int]:
    with people_of(bench.workspace) as people:
        people.prepare(leaves)
        return [len(item.audience(people)) for item in leaves]
