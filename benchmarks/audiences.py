"""How many people a segment of five filters has, while its data changes.

``audience_warm_5_leaves``: in this process. Before each round another connection changes ten
people and ten memberships of the cohort; timed is all that a page does for the size: open a
snapshot, see who changed, look at those again, combine. Median of the rounds. The peers count the
same on the same data, warm, and with nothing changing: ClickHouse and DuckDB (``worlds.peers``),
and PostgreSQL by one plain statement, written by hand. All must give one answer before the rounds,
PostgreSQL and we after them too.

``audience_http_p50``, ``audience_http_p95``: the same tree with all else that the builder shows (a
size for each group and filter, reach, a sample of people), as htmx asks for it, 200 times with the
same changes in between. Each answer must hold the exact size.
"""

import statistics
from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter

import psycopg

from benchmarks.changes import Changes, cohorts
from benchmarks.worlds import peers, trees
from benchmarks.worlds.bench import Bench
from benchmarks.worlds.browser import Browser
from benchmarks.worlds.figures import Figure, percentile
from benchmarks.worlds.peers import warm_median
from segments.audiences.people import people_of
from segments.trees.tree import Tree, load_tree

ROUNDS = 60
ASKED_AGAIN = 9
REQUESTS = 200
# Plain SQL may keep the members of the cohort in memory.
ROOM = "-c work_mem=1GB -c statement_timeout=120s"
PAGE = "/w/{workspace}/segments/new/"
LARGE = 5_000_000

# The same as the tree of ``trees.five_leaves``, in the words of each peer.
CLICKHOUSE = """
select count() from people
where id in (select profile_id from members where cohort_id = {cohort} and active)
    and country in ('US', 'FR', 'GB')
    and (lifetime_value > 1000 or hasAny(interests, ['design', 'reporting']))
    and notEmpty(email) and email_subscribe <> 'unsubscribed'
    and not hard_bounced and not marked_spam
"""
DUCKDB = """
select count(*) from people
where id in (select profile_id from members where cohort_id = {cohort} and active)
    and country in ('US', 'FR', 'GB')
    and (lifetime_value > 1000 or list_has_any(interests, ['design', 'reporting']))
    and email <> '' and email_subscribe <> 'unsubscribed'
    and not hard_bounced and not marked_spam
"""
PLAIN_SQL = """
select count(*) from profiles_profile as person
where workspace_id = {workspace}
    and exists (
        select from cohorts_cohortmembership as member
        where member.cohort_id = {cohort} and member.profile_id = person.id and member.active
    )
    and country in ('US', 'FR', 'GB')
    and (custom -> 'lifetime_value' > '1000' or custom -> 'interests' ?| '{{design,reporting}}')
    and email <> '' and email_subscribe <> 'unsubscribed'
    and email_hard_bounced_at is null and email_marked_spam_at is null
"""


def in_process(bench: Bench) -> Iterator[Figure]:
    """Give ``audience_warm_5_leaves``."""
    cohort = cohorts(bench.workspace, bench.url)[0]
    tree = load_tree(trees.five_leaves(cohort))
    theirs = _peers(bench, tree, cohort)
    with psycopg.connect(bench.url, autocommit=True, options=ROOM) as connection:
        changes = Changes(connection, bench.everyone())
        times = []
        for _ in range(ROUNDS):
            changes.write(cohort)
            started = perf_counter()
            _size(bench, tree)
            times.append((perf_counter() - started) * 1000)
        _insist_on_one(ours=_size(bench, tree), PostgreSQL=_plain(connection, bench, cohort))
    yield Figure(
        "audience_warm_5_leaves",
        "ms",
        statistics.median(times),
        theirs,
        target=20 if bench.users >= LARGE else None,
        target_is_ratio=True,
        speedup=True,
        note="" if bench.users >= LARGE else f"at {LARGE:,} users: over 20 x",
    )


def over_http(bench: Bench) -> Iterator[Figure]:
    """Give ``audience_http_p50`` and ``audience_http_p95``."""
    cohort = cohorts(bench.workspace, bench.url)[0]
    stored = trees.five_leaves(cohort)
    path = PAGE.format(workspace=bench.workspace.slug)
    browser = Browser(bench.portal, bench.workspace, path)
    browser.until_exact(path, stored)
    with psycopg.connect(bench.url, autocommit=True, options=ROOM) as connection:
        changes = Changes(connection, bench.everyone())
        times = []
        for _ in range(REQUESTS):
            changes.write(cohort)
            took, text = browser.post(path, stored)
            times.append(took)
            if f"{_size(bench, load_tree(stored)):,}" not in text or "≈" in text:
                raise SystemExit(f"{path} did not show the exact size: {text[:2000]}")
    yield Figure("audience_http_p50", "ms", percentile(times, 0.5), target=25)
    yield Figure("audience_http_p95", "ms", percentile(times, 0.95), target=60)


def _peers(bench: Bench, tree: Tree, cohort: int) -> dict[str, float]:
    """Return what each peer took, in milliseconds, after all have given our answer."""
    with (
        peers.loaded(bench.url, bench.workspace.pk) as engines,
        psycopg.connect(bench.url, autocommit=True, options=ROOM) as connection,
    ):
        asks: dict[str, Callable[[], int]] = {
            "ClickHouse": partial(engines["ClickHouse"], CLICKHOUSE.format(cohort=cohort)),
            "DuckDB": partial(engines["DuckDB"], DUCKDB.format(cohort=cohort)),
            "PostgreSQL": partial(_plain, connection, bench, cohort),
        }
        _insist_on_one(ours=_size(bench, tree), **{name: ask() for name, ask in asks.items()})
        return {name: warm_median(ask, ASKED_AGAIN) for name, ask in asks.items()}


def _size(bench: Bench, tree: Tree) -> int:
    with people_of(bench.workspace) as people:
        people.prepare([tree])
        return len(tree.audience(people))


def _plain(connection: psycopg.Connection, bench: Bench, cohort: int) -> int:
    sql = PLAIN_SQL.format(workspace=bench.workspace.pk, cohort=cohort)
    row = connection.execute(sql.encode()).fetchone()
    return int(row[0]) if row else 0


def _insist_on_one(**answers: int) -> None:
    if len(set(answers.values())) > 1:
        raise SystemExit(f"The answers differ: {answers}")
