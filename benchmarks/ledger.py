"""Pages over a ledger of 10 million calls of one partner in 90 days.

``overview_10m`` and ``ledger_10m``: the workspace's overview and the partner's page over HTTP, with
its newest calls; 95 of 100 take no longer. In the notes, the ledger narrowed to one cohort and to
what was refused. The lines are made by one statement, and gone at the end.
"""

from collections.abc import Iterator

import psycopg

from benchmarks.changes import trust_references
from benchmarks.worlds.bench import Bench
from benchmarks.worlds.browser import Browser
from benchmarks.worlds.figures import Figure, percentile

LINES = 10_000_000
COHORTS = 1_000
PAGES = 40
TARGET_MS = 100
FILL = """
with made as (
    insert into cohorts_cohort (workspace_id, partner_id, cohort_id, name, last_sync_at)
    select %(workspace)s, partner.id, 'ledger-' || n, 'Ledger ' || n, now()
    from cohorts_partner as partner, generate_series(1, %(cohorts)s) as n
    where partner.slug = 'heap'
    returning id, partner_id
), numbered as (
    select partner_id, array_agg(id) as ids from made group by partner_id
)
insert into cohorts_cohortimport (
    workspace_id, partner_id, cohort_id, cohort_identifier, call, received_at,
    asked, added, removed, unchanged, unmatched, ignored, unmatched_sample,
    duration_ms, outcome, status, reason
)
select
    %(workspace)s, partner_id, ids[1 + n %% %(cohorts)s], 'ledger', 'users',
    now() - (%(lines)s - n) * interval '90 days' / %(lines)s,
    10, 10, 0, 0, 0, 0, '[]', 5,
    case when n %% 1000 = 0 then 'refused' else 'applied' end,
    case when n %% 1000 = 0 then 400 else 201 end, ''
from numbered, generate_series(1, %(lines)s) as n
"""


def measure(bench: Bench) -> Iterator[Figure]:
    """Give ``overview_10m`` and ``ledger_10m``."""
    _fill(bench)
    home = f"/w/{bench.workspace.slug}/"
    browser = Browser(bench.portal, bench.workspace, f"{home}segments/new/")
    partner = f"{home}partners/heap/"
    with psycopg.connect(bench.url) as connection:
        [cohort] = connection.execute("select max(id) from cohorts_cohort").fetchone() or (0,)
    yield _figure("overview_10m", _times(browser, home), "")
    narrowed = {
        "of one cohort": _times(browser, f"{partner}?cohort={cohort}"),
        "refused": _times(browser, f"{partner}?outcome=refused"),
    }
    note = ", ".join(f"{name} {percentile(t, 0.95):.0f} ms" for name, t in narrowed.items())
    yield _figure("ledger_10m", _times(browser, partner), note)
    _empty(bench)


def _figure(name: str, times: list[float], note: str) -> Figure:
    return Figure(name, "ms", percentile(times, 0.95), target=TARGET_MS, note=note)


def _times(browser: Browser, path: str) -> list[float]:
    browser.get(path)
    return [browser.get(path)[0] for _ in range(PAGES)]


def _empty(bench: Bench) -> None:
    with psycopg.connect(bench.url, autocommit=True) as connection:
        connection.execute("truncate cohorts_cohortimport")
        connection.execute("delete from cohorts_cohort where cohort_id like 'ledger-%'")


def _fill(bench: Bench) -> None:
    _empty(bench)
    with psycopg.connect(bench.url, autocommit=True) as connection:
        trust_references(connection)
        values = {"workspace": bench.workspace.pk, "cohorts": COHORTS, "lines": LINES}
        connection.execute(FILL, values)
        connection.execute("vacuum (analyze) cohorts_cohortimport, cohorts_cohort")
