"""Database connections, as the pool hands them out to requests."""

from collections.abc import Callable
from select import POLLIN, poll
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from psycopg import Connection
from psycopg_pool import ConnectionPool

#: How old the plan of a prepared statement grows, in seconds: what was a handful of rows then may
#: be a million by now, and PostgreSQL itself notices a minute later.
PLANS_KEPT = 10

_planned: WeakKeyDictionary[Connection[Any], float] = WeakKeyDictionary()
#: How long the statements of this process wait for what another session holds; None is for ever.
_patience: str | None = None
_patient: WeakKeyDictionary[Connection[Any], str] = WeakKeyDictionary()


def wait_at_most(patience: str | None) -> None:
    """Have every statement of this process wait for a lock as long as ``patience`` (``3s``) at
    most. Migrations and commands, which never ask for it, wait for ever.
    """
    global _patience  # noqa: PLW0603  it belongs to the process, as its connections do
    _patience = patience


def as_job(run: Callable[[], Any], context: Any, worker: Any) -> Any:
    """Run a job of a worker with the patience of jobs: a middleware of procrastinate."""
    wait_at_most(settings.JOB_LOCK_TIMEOUT)
    return run()


def check(connection: Connection[Any]) -> None:
    """Raise ``OperationalError`` where the server has closed ``connection``; have plans made anew.

    The server is asked only where it has sent something by itself, as it does in closing: of all
    other connections a question would cost each request a round trip.
    """
    sent = poll()
    sent.register(connection.fileno(), POLLIN)
    if sent.poll(0):
        ConnectionPool.check_connection(connection)
    _forget_old_plans(connection)
    _be_patient(connection)


def _forget_old_plans(connection: Connection[Any]) -> None:
    now = monotonic()
    # Without autocommit it would begin a transaction.
    if connection.autocommit and now - _planned.setdefault(connection, now) > PLANS_KEPT:
        _planned[connection] = now
        connection.execute("discard plans")


def _be_patient(connection: Connection[Any]) -> None:
    """Say once a connection how long it waits: to say it each time would be a round trip."""
    patience = _patience or "0"
    if _patient.get(connection, "0") != patience:
        connection.execute("select set_config('lock_timeout', %s, false)", [patience])
        if not connection.autocommit:
            connection.commit()
        _patient[connection] = patience
