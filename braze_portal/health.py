"""Whether the process and what it needs are well."""

import secrets
from functools import cache
from typing import Any

import psycopg
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from braze_portal.environment import ROLES

PATIENCE_SECONDS = 2  # for the connection and again for each statement
SILENCE_SECONDS = 60
# A worker asks for jobs every second: by when its connection last did something one sees that it
# lives. The heartbeats of the job library do not tell workers from senders.
BUSY = """
select application_name from pg_stat_activity
where datname = current_database() and state_change > now() - make_interval(secs => %s)
"""
WRITE = "insert into django_session (session_key, session_data, expire_date) values (%s, '', now())"
UNDO = "delete from django_session where session_key = %s"
# More than fits into the memory for sorting, so that it is written to a file.
SPILL = "select count(*) from (select md5(n::text) from generate_series(1, 5000) n order by 1) _"


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 if the portal can do its work, else 503; the body names the state of each check."""
    state = checks()
    well = all(value == "ok" for value in state.values())
    return JsonResponse(state, status=200 if well else 503)


def checks() -> dict[str, str]:
    """Ask the database whether it can be written, for its migrations, and for signs of workers.

    By a connection of its own: the pool makes a caller wait for as long as the database is away.
    """
    try:
        with psycopg.connect(**_parameters()) as database:
            migrations = _migrations(database)
            return {
                "database": _writing(database) if migrations == "ok" else "ok",
                "migrations": migrations,
                **_workers(database),
            }
    except psycopg.Error:
        unknown = dict.fromkeys(("migrations", *ROLES), "unknown")
        return {"database": "unreachable", **unknown}


def _parameters() -> dict[str, Any]:
    options = f"-c statement_timeout={PATIENCE_SECONDS}s"
    return connection.get_connection_params() | {
        "autocommit": True,
        "connect_timeout": PATIENCE_SECONDS,
        "options": options,
    }


def _migrations(database: psycopg.Connection) -> str:
    try:
        applied = set(database.execute("select app, name from django_migrations").fetchall())
    except psycopg.errors.UndefinedTable:
        applied = set()
    missing = len(_known_migrations() - applied)
    return f"{missing} not applied" if missing else "ok"


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).graph.nodes)


def _writing(database: psycopg.Connection) -> str:
    """Write a row and a file: a disk that is full, or a standby, answers questions all the same."""
    key = f"readyz-{secrets.token_hex(8)}"
    try:
        with database.transaction():
            database.execute(WRITE, [key])
            database.execute(UNDO, [key])
            database.execute("set local work_mem = '64kB'")
            database.execute(SPILL)
    except psycopg.errors.QueryCanceled:
        return f"cannot be written within {PATIENCE_SECONDS} seconds"
    except psycopg.Error as error:
        said = error.diag.message_primary or type(error).__name__
        return f"cannot be written: {said}"
    return "ok"


def _workers(database: psycopg.Connection) -> dict[str, str]:
    names = " ".join(name for (name,) in database.execute(BUSY, [SILENCE_SECONDS])).split()
    return {
        role: "ok" if name in names else f"no {role} heard of for {SILENCE_SECONDS} seconds"
        for role, name in ROLES.items()
    }
