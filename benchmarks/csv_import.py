"""``csv_1m``: seconds to import a CSV file of a million new people, and ``csv_rss``, the memory for
it.

The file has 12 columns: an external id, eight standard attributes and three custom ones. In an
empty database, a process of its own runs what the worker's job runs once the columns are chosen,
and tells the most memory it ever had. The floor is a bare COPY of the very same rows, from a file,
into an empty table with the same columns and indexes. ``CSV_ROWS`` makes it another number; the
times are scaled to a million.
"""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import batched
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import psycopg

from benchmarks.worlds.bench import Bench
from benchmarks.worlds.database import scratch
from benchmarks.worlds.figures import Figure
from profiles.fake.people import identified

MILLION = 1_000_000
ROWS = int(os.environ.get("CSV_ROWS", MILLION))
STANDARD = ("first_name", "last_name", "email", "phone", "country", "language", "dob", "time_zone")
CUSTOM = ("plan", "logins", "last_login")
FLOOR = "create table floor (like profiles_profile including defaults including indexes)"
# Runs in a process of its own; the memory is the most that it ever had, in kB.
CHILD = """
import json, sys, time, django
django.setup()
from profiles import csv_imports, csv_runs
from profiles.csv_import.guesses import guess
from workspaces.models import User
from workspaces.opening import open_workspace
workspace = open_workspace("csv")
user = User.objects.create(email="csv@example.com")
with open(sys.argv[1], "rb") as file:
    made = csv_imports.upload(workspace, "people.csv", file, by=user)
csv_imports.check(made, guess(made.header, csv_imports.samples(made), {}))
type(made).objects.update(state="checked")
csv_imports.start(made, by=user)
started = time.perf_counter()
csv_runs.run(made.pk)
took = time.perf_counter() - started
made.refresh_from_db()
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([took, int(peak) / 1000, made.state, made.created]))
"""
MANAGE = (sys.executable, "manage.py", "migrate", "--verbosity", "0")


def measure(bench: Bench) -> Iterator[Figure]:
    """Give ``csv_1m`` and ``csv_rss``."""
    with (
        TemporaryDirectory() as folder,
        scratch(bench.server, "braze_portal_bench_csv") as url,
    ):
        environment = os.environ | {"DATABASE_URL": url, "VAR_DIR": folder}
        subprocess.run(MANAGE, env=environment, check=True)
        file, rows = Path(folder) / "people.csv", Path(folder) / "rows"
        _write_file(file)
        ours, peak = _imported(file, environment)
        floor = _copied(url, rows)
    scale = MILLION / ROWS
    peers = {"bare COPY": floor * scale}
    yield Figure("csv_1m", "s", ours * scale, peers, target=3, target_is_ratio=True)
    yield Figure("csv_rss", "MB", peak, target=200, note=f"{ROWS:,} rows")


def _write_file(path: Path) -> None:
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["external_id", *STANDARD, *CUSTOM])
        for numbers in batched(range(1, ROWS + 1), 20_000, strict=False):
            people = identified(numbers).columns
            customs = [json.loads(custom) for custom in people["custom"]]
            lines.writerows(
                zip(
                    people["external_id"],
                    *([_cell(text) for text in people[name]] for name in STANDARD),
                    *([custom.get(name) for custom in customs] for name in CUSTOM),
                    strict=True,
                )
            )


def _cell(text: str) -> str:
    return "" if text == "\\N" else text


def _imported(file: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Import the file; return the seconds and the megabytes of its process."""
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(file)],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
    )
    took, peak, state, created = json.loads(child.stdout)
    if (state, created) != ("done", ROWS):
        raise SystemExit(f"The import is {state}, with {created} people.")
    return took, peak


def _copied(url: str, path: Path) -> float:
    """Write the people to the file ``path`` and copy them into an empty table; the seconds."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        with path.open("wb") as file, cursor.copy("copy profiles_profile to stdout") as rows:
            for part in rows:
                file.write(part)
        cursor.execute(FLOOR)
        connection.commit()
        started = perf_counter()
        with path.open("rb") as file, cursor.copy("copy floor from stdin") as to:
            while part := file.read(1 << 20):
                to.write(part)
        connection.commit()
        return perf_counter() - started
