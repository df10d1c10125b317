"""The mark on every row that an audience reads: the transaction that wrote it last.

PostgreSQL sets the mark, by default on insert and by trigger on update, so no caller can forget
it. What carries a mark at or above ``pg_snapshot_xmin`` of an earlier snapshot is all that may
look different since: that is how an audience is caught up instead of being built anew.
"""

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models.expressions import Func

#: How long the trace of a deleted row is kept. What was read before is not caught up: it is built
#: anew.
TRACES_KEPT = timedelta(days=8)


class CurrentTransaction(Func):
    """The running transaction's id, ``pg_current_xact_id()``."""

    function = "pg_current_xact_id"


class OldestRunning(Func):
    """The oldest transaction that is not over yet: the ``xmin`` of the present snapshot."""

    template = "pg_snapshot_xmin(pg_current_snapshot())"


class ChangedField(models.Field):
    """An ``xid8`` that PostgreSQL keeps: the last transaction that wrote the row."""

    description = "transaction id"

    def __init__(self, **kwargs: Any) -> None:
        kwargs["editable"] = False
        kwargs.setdefault("db_default", CurrentTransaction())
        super().__init__(**kwargs)

    def db_type(self, connection: Any) -> str:
        return "xid8"

    def get_prep_value(self, value: Any) -> str | None:
        # As text PostgreSQL takes it for an xid8; the trigger then writes its own.
        return None if value is None else str(value)

    def from_db_value(self, value: Any, *_: Any) -> int | None:
        return None if value is None else int(value)
