"""``python -m benchmarks [NAME ...]``: measure all figures, or those named; print the table.

A run of all of them is kept in ``benchmarks/latest.json`` and on ``docs/benchmarks.md``.
"""

import argparse
import os
import platform
import sys
import traceback
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from pkgutil import resolve_name

from benchmarks.worlds import database, figures
from benchmarks.worlds.figures import Figure

#: Each function that measures, in the order in which they run, and the figures that it gives. The
#: portal is started by the first that needs it: its worker would take the queues of Currents.
PARTS = {
    "currents:rate": ("currents_rate",),
    "currents:overhead": ("outbox_overhead",),
    "currents:backlog": ("currents_backlog_rss",),
    "imports:measure": ("import_1000_new", "import_1000_repeat", "import_1000_4conn_p95"),
    "slow_clients:measure": ("slow_clients",),
    "audiences:in_process": ("audience_warm_5_leaves",),
    "audiences:over_http": ("audience_http_p50", "audience_http_p95"),
    "preview:measure": ("preview_5_filters_p95", "preview_exact_after"),
    "leaves:cold": ("leaf_cold",),
    "leaves:catch_up": ("leaf_catchup_20",),
    "leaves:wal": ("leaf_wal",),
    "leaves:stored": ("bitmaps_200",),
    "pages:segment_list": ("segment_list_50",),
    "pages:user_lookup": ("user_lookup",),
    "ledger:measure": ("overview_10m", "ledger_10m"),
    "exports:measure": ("export_1m", "export_rss"),
    "people:export_ids": ("export_ids_50",),
    "people:person_page": ("person_page",),
    "tracking:measure": ("track_75_attributes", "track_75_events", "track_4conn_p95"),
    "memory:resident": ("web_rss",),
    "memory:peaks": ("look_peak", "daily_peak"),
    "seeding:measure": ("seed_1m",),
    "csv_import:measure": ("csv_1m", "csv_rss"),
}
NAMES = [name for names in PARTS.values() for name in names]


def main() -> None:
    wanted = _asked_for()
    users = int(os.environ.get("PROFILES", "1000000"))
    server = database.server_url()
    url = database.prepare(server, users)
    print(f"{users:,} users, {figures.machine()}, Python {platform.python_version()}")
    measured = []
    for figure in _run(server, url, users, wanted):
        measured.append(figure)
        print(f"  {figure.name} {figure.ours:,.4g} {figure.unit}", flush=True)
    print("", figures.table(measured), sep="\n")
    if wanted == NAMES:
        figures.save(measured, users, database.versions(url))
    if missing := set(wanted) - {figure.name for figure in measured}:
        sys.exit(f"not measured: {', '.join(sorted(missing))}")


def _asked_for() -> Collection[str]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}")
    names = parser.parse_args().names
    if unknown := set(names) - set(NAMES):
        parser.error(f"no figure is called {', '.join(sorted(unknown))}")
    return names or NAMES


def _run(server: str, url: str, users: int, wanted: Collection[str]) -> Iterator[Figure]:
    # They need Django, which needs to know the database.
    from benchmarks.worlds.bench import Bench
    from workspaces.models import Workspace

    database.settle(url)
    workspace = Workspace.objects.get(slug=database.WORKSPACE)
    with ExitStack() as ending:
        bench = Bench(server, url, users, workspace, ending)
        for part, names in PARTS.items():
            if not set(names).isdisjoint(wanted):
                try:
                    yield from resolve_name(f"benchmarks.{part}")(bench)
                except (Exception, SystemExit):  # the other figures are worth having
                    traceback.print_exc()


if __name__ == "__main__":
    main()
