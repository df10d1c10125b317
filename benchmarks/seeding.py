"""``seed_1m``: seconds that ``manage.py seed`` takes for a million users and what belongs to them.

The whole command is timed, in a fresh database, from start to end of its process. The floor is a
bare COPY of the very same rows from files into the same tables of another fresh database, foreign
keys not looked up. It is a million users at most; with fewer, the time is scaled up.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import psycopg

from benchmarks.worlds.bench import Bench
from benchmarks.worlds.database import scratch
from benchmarks.worlds.figures import Figure

MILLION = 1_000_000
TABLES = (
    "workspaces_workspace",
    "profiles_customattribute",
    "profiles_profile",
    "profiles_alias",
    "profiles_device",
)
MANAGE = (sys.executable, "manage.py")


def measure(bench: Bench) -> Iterator[Figure]:
    """Give ``seed_1m``."""
    server, users = bench.server, min(bench.users, MILLION)
    with TemporaryDirectory() as folder:
        with scratch(server, "braze_portal_bench_seed") as url:
            ours = _seed(url, users)
            _dump(url, Path(folder))
        with scratch(server, "braze_portal_bench_copy") as url:
            floor = _copy(url, Path(folder))
    scale = MILLION / users
    yield Figure("seed_1m", "s", ours * scale, {"bare COPY": floor * scale}, target=60)


def _seed(url: str, users: int) -> float:
    _manage(url, "migrate", "--verbosity", "0")
    started = perf_counter()
    _manage(url, "seed", "--workspace", "seed", "--profiles", str(users))
    return perf_counter() - started


def _dump(url: str, folder: Path) -> None:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for table in TABLES:
            with (
                (folder / table).open("wb") as file,
                cursor.copy(f"copy {table} to stdout") as rows,
            ):
                for part in rows:
                    file.write(part)


def _copy(url: str, folder: Path) -> float:
    _manage(url, "migrate", "--verbosity", "0")
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("select current_setting('is_superuser') = 'on'")
        if cursor.fetchone() == (True,):
            cursor.execute("set session_replication_role = replica")
        started = perf_counter()
        for table in TABLES:
            with (folder / table).open("rb") as file, cursor.copy(f"copy {table} from stdin") as to:
                while part := file.read(1 << 20):
                    to.write(part)
        connection.commit()
        return perf_counter() - started


def _manage(url: str, *arguments: str) -> None:
    environment = os.environ | {"DATABASE_URL": url}
    subprocess.run([*MANAGE, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)
