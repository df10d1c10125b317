"""A database of the benchmarks' own, beside the portal's on the same server.

``braze_portal_bench_<N>`` is made, migrated and seeded with N users once, and used again by the
next run. Must run before Django reads its settings.
"""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import django
import psycopg
from psycopg import sql

WORKSPACE = "bench"


def server_url() -> str:
    """The address of some database on the server that the portal uses; starts the embedded one."""
    if url := os.environ.get("DATABASE_URL"):
        return url
    from braze_portal import embedded_postgres

    root = Path(__file__).resolve().parent.parent.parent
    return embedded_postgres.url(Path(os.environ.get("VAR_DIR", root / "var")) / "postgres")


def create(server: str, name: str) -> str:
    """Create the database ``name`` if there is none; return its address."""
    with psycopg.connect(server, autocommit=True) as connection:
        known = connection.execute("select from pg_database where datname = %s", [name])
        if known.fetchone() is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return urlsplit(server)._replace(path=f"/{name}").geturl()


@contextmanager
def scratch(server: str, name: str) -> Iterator[str]:
    """Give the address of an empty database that is dropped at the end."""
    drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    try:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(drop)
        yield create(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(drop)


def prepare(server: str, users: int) -> str:
    """Make Django's database the benchmarks' own, with ``users`` users; return its address."""
    url = os.environ["DATABASE_URL"] = create(server, f"braze_portal_bench_{users}")
    os.environ["DJANGO_SETTINGS_MODULE"] = "braze_portal.settings"
    django.setup()

    from django.core.management import call_command

    from profiles.fake.seeding import seed_people
    from workspaces.opening import open_workspace

    call_command("migrate", verbosity=0)
    workspace = open_workspace(WORKSPACE)
    if not _is_seeded(url, users):
        print(f"seeding {users:,} users, once for this size ...", flush=True)
        seed_people(workspace, users)
    return url


def settle(url: str) -> None:
    """Forget what earlier runs made, and do what autovacuum would do in its time."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("truncate cohorts_cohortmembership")
        connection.execute("truncate cohorts_cohort, cohorts_cohortimport cascade")
        connection.execute("truncate segments_leafbitmap, segments_leafbuild")
        connection.execute("truncate segments_segment, procrastinate_jobs cascade")
        connection.execute("vacuum (analyze)")


def versions(url: str) -> dict[str, str]:
    """Return what was measured and against what, each with its version."""
    with psycopg.connect(url) as connection:
        number = connection.info.server_version
    return {
        "Python": platform.python_version(),
        "PostgreSQL": f"{number // 10_000}.{number % 10_000}",
        "ClickHouse": f"{version('chdb-core')} (chdb)",
        "DuckDB": version("duckdb"),
    }


def _is_seeded(url: str, users: int) -> bool:
    # The seed ends with the last device.
    with psycopg.connect(url) as connection:
        last = f"device-{users // 20}" if users >= 20 else "device-0"
        found = connection.execute("select from profiles_device where device_id = %s", [last])
        return found.fetchone() is not None
