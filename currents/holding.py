"""What holds up all events: a session of the database that leaves a transaction open.

A reader goes no further than the oldest open transaction: see ``currents.outbox``.
"""

import logging
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import DatabaseError, transaction

from lib.statements import Statements

statements = Statements.beside(__file__)
logger = logging.getLogger(__name__)

#: A transaction that is open for no longer is nothing to speak of.
LONG_SECONDS = 10


class Holder(NamedTuple):
    """A session with the oldest open transaction that writes. ``is_idle`` where it does nothing.

    Of another role's session we may not see since when, or what it does.
    """

    pid: int
    application: str
    since: datetime | None
    is_idle: bool


def holder() -> Holder | None:
    """Return who holds up the delivery of events, if that is so for ``LONG_SECONDS``."""
    found = statements.one("holder", long=LONG_SECONDS)
    return Holder(*found) if found else None


def end_idle() -> int:
    """End the sessions that do nothing within an open transaction for longer than the operator
    allows by ``END_IDLE_TRANSACTIONS_AFTER`` seconds; 0 allows it for ever. Returns how many ended.
    """
    allowed = settings.END_IDLE_TRANSACTIONS_AFTER
    ended = 0
    for pid, application, since in statements.rows("idle", allowed=allowed) if allowed else ():
        try:
            with transaction.atomic():
                done = statements.one("end", pid=pid, since=since)
        except DatabaseError as error:
            logger.warning("session %s (%s) cannot be ended: %s", pid, application, error)
            continue
        if done:
            ended += 1
            logger.warning(
                "session %s (%s) was ended: it left a transaction open and idle since %s",
                pid,
                application,
                since.isoformat(timespec="seconds"),
            )
    return ended
