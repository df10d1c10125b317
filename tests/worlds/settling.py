"""Waiting until nothing else runs on the database server that ran before."""

import time

from django.db import connection

OVER = "select pg_snapshot_xmin(pg_current_snapshot()) > %s::xid8"


def settle(seconds: float = 20) -> None:
    """Wait until every transaction is over that runs now, those of other tests on this server too.

    What was written before is settled then: an audience need not look at it again.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_current_xact_id()::text")
        (now,) = cursor.fetchone()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            cursor.execute(OVER, [now])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.05)
