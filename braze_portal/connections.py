"""Database connections, as the pool hands them out to requests."""

from select import POLLIN, poll
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import Connection
from psycopg_pool import ConnectionPool

#: How old the plan of a prepared statement grows, in seconds: what was a handful of rows then may
#: be a million by now, and PostgreSQL itself notices a minute later.
PLANS_KEPT = 10

_planned: WeakKeyDictionary[Connection[Any], float] = WeakKeyDictionary()


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


def _forget_old_plans(connection: Connection[Any]) -> None:
    now = monotonic()
    # Without autocommit it would begin a transaction.
    if connection.autocommit and now - _planned.setdefault(connection, now) > PLANS_KEPT:
        _planned[connection] = now
        connection.execute("discard plans")
