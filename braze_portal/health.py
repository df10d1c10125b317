"""Whether the process and what it needs are well."""

from functools import cache
from typing import Any

import psycopg
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

PATIENCE_SECONDS = 2  # for the connection and again for each statement
HEARTBEAT = """
select exists (
    select from procrastinate_workers where last_heartbeat > now() - interval '1 minute'
)
"""


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
    """Ask the database for its own state, its migrations and its workers' heartbeats.

    By a connection of its own: the pool makes a caller wait for as long as the database is away.
    """
    try:
        with psycopg.connect(**_parameters()) as database:
            return {
                "database": "ok",
                "migrations": _migrations(database),
                "worker": _worker(database),
            }
    except psycopg.Error:
        return {"database": "unreachable", "migrations": "unknown", "worker": "unknown"}


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


def _worker(database: psycopg.Connection) -> str:
    try:
        beats = database.execute(HEARTBEAT).fetchone()
    except psycopg.errors.UndefinedTable:
        return "no heartbeat in the last minute"
    return "ok" if beats == (True,) else "no heartbeat in the last minute"
