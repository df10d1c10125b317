"""The days of the outbox: each a partition, made before it begins and dropped when all is sent."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from psycopg import sql

from currents.models import SENDING, Queue
from lib.statements import Statements

statements = Statements.beside(__file__)
#: How many days are made ahead by the periodic job.
AHEAD = 7
#: Events are kept for so long after they happened, sent or not: that is how far back a connector
#: may be replayed, and how long a paused one may rest.
KEPT = timedelta(days=7)
#: How long dropping a day waits for readers before it lets them pass. It is tried again.
PATIENCE = "2s"


def make_ahead() -> None:
    today: date = _scalar("today")
    for days in range(AHEAD + 1):
        with transaction.atomic():
            ensure(today + timedelta(days=days))


def drop_old(now: datetime) -> int:
    """Drop the days past ``KEPT`` that every sending connector is done with; return how many.

    What paused and suspended connectors lose by that is counted on their queues.
    """
    dropped = 0
    for day in _column("days"):
        if _ends(day) <= now - KEPT:
            with transaction.atomic():
                dropped += _drop(day)
    return dropped


def ensure(day: date) -> None:
    """See to it that ``day`` has a partition, though no job made it."""
    name = _name(day)
    if _scalar("exists", name=name):
        return
    statements.count("lock")
    if _scalar("exists", name=name):
        return
    names = {"name": sql.Identifier(name), "start": _starts(day), "end": _ends(day)}
    # Made by itself and then attached: unlike "partition of", that lets others write meanwhile.
    for statement in (
        "create table {name} (like currents_outboxevent including defaults)",
        "alter table currents_outboxevent attach partition {name}"
        " for values from ({start}) to ({end})",
    ):
        _run(sql.SQL(statement).format(**names))


def _drop(day: date) -> bool:
    """Drop the partition of ``day`` unless a connector waits for its events."""
    statements.count("lock")
    _run(sql.SQL("set local lock_timeout = {}").format(PATIENCE))
    unsent = statements.rows("unsent", start=_starts(day), end=_ends(day))
    if any(state in SENDING for _queue, state, _count in unsent):
        return False
    for queue, _state, count in unsent:
        Queue.objects.filter(pk=queue).update(expired=F("expired") + count)
    _run(sql.SQL("drop table {}").format(sql.Identifier(_name(day))))
    return True


def _name(day: date) -> str:
    return f"currents_outboxevent_{day:%Y%m%d}"


def _starts(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _ends(day: date) -> datetime:
    return _starts(day + timedelta(days=1))


def _scalar(statement: str, **values: Any) -> Any:
    return statements.one(statement, **values)[0]


def _column(statement: str) -> list[Any]:
    return [row[0] for row in statements.rows(statement)]


def _run(statement: sql.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
