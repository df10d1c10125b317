"""``export_1m``: seconds to write a million users as CSV, and ``export_rss``, the memory for it.

The segment is everyone. A process of its own runs what the worker's job runs, to the finished
file, with all columns that the form ticks by itself, and tells the most memory it ever had. The
peer is one COPY of the very same columns of all people, by psycopg, written to a file. Both times
are scaled to a million people.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import psycopg
from django.utils import timezone
from procrastinate.contrib.django import app
from psycopg import sql

from benchmarks.worlds.bench import Bench
from benchmarks.worlds.figures import Figure
from segments.exports.columns import Column, columns_of
from segments.exports.csv_file import TASK
from segments.models import ExportState, Segment, SegmentExport

MILLION = 1_000_000
# Runs in a process of its own; the memory is the most that it ever had, in kB.
CHILD = """
import json, sys, time, django
django.setup()
from segments.exports.csv_file import write_export
started = time.perf_counter()
write_export(sys.argv[1])
took = time.perf_counter() - started
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([took, int(peak) / 1000]))
"""


def measure(bench: Bench) -> Iterator[Figure]:
    """Give ``export_1m`` and ``export_rss``."""
    known = columns_of(bench.workspace)
    columns = [column for column in known.values() if column.usual]
    segment = Segment.objects.create(workspace=bench.workspace, name="Everyone", tree={})
    people = len(bench.everyone())
    with TemporaryDirectory() as folder:
        _exported(segment, columns, folder)  # both find the pages in memory
        floor = _copied(bench, columns, Path(folder))
        ours, peak = _exported(segment, columns, folder)
    scale = MILLION / people
    peers = {"COPY": floor * scale}
    yield Figure("export_1m", "s", ours * scale, peers, target=2, target_is_ratio=True)
    yield Figure("export_rss", "MB", peak, target=100, note=f"{people:,} people")


def _exported(segment: Segment, columns: list[Column], folder: str) -> tuple[float, float]:
    """Run the export; return its seconds and the megabytes of its process."""
    export = SegmentExport.objects.create(
        segment=segment, columns=[column.key for column in columns]
    )
    # The worker of the portal ends exports for which no job is waiting; this one waits a day.
    later = timezone.now() + timedelta(days=1)
    app.configure_task(TASK, schedule_at=later).defer(export_id=str(export.pk))
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(export.pk)],
        env=os.environ | {"VAR_DIR": folder},
        check=True,
        stdout=subprocess.PIPE,
    )
    export.refresh_from_db()
    if export.state != ExportState.DONE:
        raise SystemExit(f"The export is {export.state}: {export.reason}")
    took, peak = json.loads(child.stdout)
    return took, peak


def _copied(bench: Bench, columns: list[Column], folder: Path) -> float:
    """Write the same columns of everyone by one COPY; return the seconds."""
    selected = sql.SQL(", ").join([column.expression() for column in columns])
    statement = sql.SQL(
        "copy (select {} from profiles_profile where workspace_id = {}) to stdout (format csv)"
    ).format(selected, bench.workspace.pk)
    with psycopg.connect(bench.url) as connection, connection.cursor() as cursor:
        started = perf_counter()
        with (folder / "copy.csv").open("wb") as file, cursor.copy(statement) as rows:
            for part in rows:
                file.write(part)
        return perf_counter() - started
