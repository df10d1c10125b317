"""SQL that the ORM cannot say, kept as named statements in a ``.sql`` file beside its module."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg import Cursor


def load(path: Path) -> dict[str, str]:
    """Return the statements of the file ``path`` by name.

    A line ``-- name: something`` begins each one; the other comments are for the reader and are
    not sent.
    """
    statements = {}
    for part in path.read_text().split("-- name: ")[1:]:
        name, *lines = part.splitlines()
        kept = (line for line in lines if line.strip() and not line.startswith("--"))
        statements[name.strip()] = "\n".join(kept)
    return statements


def prepared() -> CursorWrapper:
    """Return a cursor for statements that every call of a partner or program makes.

    The database reads and plans each of them once a connection, not each time: a third of what a
    small one takes. The values travel apart from the statement, which must say of what type they
    are where that is not plain from their place. ``braze_portal.connections`` has plans forgotten.
    """
    connection.ensure_connection()
    cursor: Any = Cursor(connection.connection)
    if connection.queries_logged:
        return connection.make_debug_cursor(cursor)
    return connection.make_cursor(cursor)


@contextmanager
def pipelined() -> Iterator[None]:
    """Send statements without waiting for their answers, until one is looked at or the block ends.

    What a statement fails by is raised at a later one, or at the end; those after it have no
    effect. Within a transaction, which the failure is to undo.

    A cursor's ``rowcount`` tells nothing in the block: a statement whose rows are to be counted
    has to return their number.
    """
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield
