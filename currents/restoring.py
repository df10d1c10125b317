"""After a dump and restore: transaction ids of another cluster mean nothing in this one.

They may lie far ahead of those that are given out here. A queue would then wait for a transaction
that is long over, and pass by what happens now. So what lies ahead is moved behind, in its order:
what waited is sent before anything new, and a little of what was sent may be sent again.
"""

from pathlib import Path
from typing import Any

from django.db import connection, transaction

from lib import statements

STATEMENTS = statements.load(Path(__file__).with_name("restoring.sql"))


@transaction.atomic
def settle_in() -> bool:
    """Move what lies ahead of this cluster behind; tell whether anything did."""
    _execute("lock")
    found = _execute("shift")
    for (shift,) in found:
        _execute("events", shift=shift)
        _execute("queues", shift=shift)
    return bool(found)


def _execute(statement: str, **values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(STATEMENTS[statement], values)
        return cursor.fetchall() if cursor.description else []
