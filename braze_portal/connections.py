"""Database connections, as the pool hands them out to requests."""

from select import POLLIN, poll
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool


def check(connection: Connection[Any]) -> None:
    """Raise ``OperationalError`` where the server has closed ``connection``.

    The server is asked only where it has sent something by itself, as it does in closing: of all
    other connections a question would cost each request a round trip.
    """
    sent = poll()
    sent.register(connection.fileno(), POLLIN)
    if sent.poll(0):
        ConnectionPool.check_connection(connection)
