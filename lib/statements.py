"""SQL that the ORM cannot say, kept as named statements in a ``.sql`` file beside its module.

statements = Statements.beside(__file__)
rows = statements.rows("by_email", workspace=workspace.pk, emails=emails)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg import Cursor


class Statements:
    """The statements of one ``.sql`` file by name, each to be run with its values bound.

    With ``prepared`` they are run as ``prepared_cursor`` tells: for what every call makes.
    """

    def __init__(self, texts: dict[str, str], *, prepared: bool = False) -> None:
        self._texts = texts
        self._prepared = prepared

    @classmethod
    def beside(cls, module: str, *, prepared: bool = False) -> Self:
        """Load the ``.sql`` file that is called like ``module``, the path of a Python file."""
        return cls(load(Path(module).with_suffix(".sql")), prepared=prepared)

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def ask(self, name: str, /, **values: Any) -> CursorWrapper:
        """Run a statement; return the cursor from which its rows are still to be fetched."""
        cursor = prepared_cursor() if self._prepared else connection.cursor()
        # Without values a percent sign is only a sign.
        cursor.execute(self._texts[name], values or None)
        return cursor

    def rows(self, name: str, /, **values: Any) -> list[Any]:
        """Return all rows that a statement gives."""
        with self.ask(name, **values) as cursor:
            return cursor.fetchall()

    def one(self, name: str, /, **values: Any) -> Any:
        """Return the first row that a statement gives, or None."""
        with self.ask(name, **values) as cursor:
            return cursor.fetchone()

    def count(self, name: str, /, **values: Any) -> int:
        """Run a statement; return how many rows it wrote, or gives."""
        with self.ask(name, **values) as cursor:
            return int(cursor.rowcount)


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


def prepared_cursor() -> CursorWrapper:
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
