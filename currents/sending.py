"""Sending what waits in a queue, in order, one sender at a time, until nothing is left."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import batched

from django.db import connection
from django.utils import timezone

from currents import alerts, lanes, outbox, progress
from currents.calling import Answer, call
from currents.models import Queue, Trouble
from currents.outbox import Waiting
from currents.reactions import Reaction, wait_before_retry, wait_for_credentials
from currents.waking import LOOK_SECONDS, SHORTLY
from lib import outbound

#: One job sends for so long; then it makes room for others and asks for the next. Seconds.
RUN_SECONDS = 20
#: For so long where another queue of its connector stands in line.
TURN_SECONDS = 2
#: How many batches are read at once, and for how long those are sent before the queue is looked at
#: again: pausing or editing a connector is felt after that. Seconds.
BATCHES = 50
AT_ONCE_SECONDS = 1.0
#: What a sender's database session does without. Waiting for the disk at each commit: what a crash
#: of the database forgets is sent again, under the same ids. And sorting: the planner takes what
#: follows a position for a row or two, and would sort a whole backlog for each reading of it, not
#: walk the index; that took 35 ms instead of 3 with 25,000 events waiting, and grew with them.
SETTINGS = ("synchronous_commit", "enable_sort")
#: An event that the receiver finds too large even by itself is given up after this.
TOO_LARGE_FOR = timedelta(hours=24)


def send(queue_id: int) -> float | None:
    """Send what waits in the queue; return in how many seconds to look again, None for never.

    What a receiver does not take stays, and the queue says when to try again.
    """
    with lanes.lane(queue_id) as lane:
        return _send(queue_id, lane) if lane.is_free else lane.look_again


def _send(queue_id: int, lane: lanes.Lane) -> float | None:
    """As ``send``, once no more than so many others are at the same connector."""
    with _alone(queue_id) as alone, outbound.Client() as client:
        if not alone:
            return SHORTLY
        began = time.monotonic()
        while (spent := time.monotonic() - began) < RUN_SECONDS:
            if spent > TURN_SECONDS and lane.is_wanted:
                break
            queues = Queue.objects.select_related("connector__workspace")
            queue = queues.filter(pk=queue_id).first()
            if queue is None or not queue.connector.is_sending:
                return None
            if wait := queue.seconds_to_retry(timezone.now()):
                return wait
            rest = _send_some(client, queue)
            if rest != 0:
                return rest
        return 0


def _send_some(client: outbound.Client, queue: Queue) -> float | None:
    size = queue.batch_size
    reading = outbox.read(queue, size * BATCHES)
    batches = [list(batch) for batch in batched(reading.events, size, strict=False)]
    rest = 0.0 if reading.cut else None
    if batches and len(batches[-1]) < size:
        if reading.cut and len(batches) > 1:
            batches.pop()  # the next reading begins with it
        elif not reading.cut and (left := _until_ripe(queue, batches[-1][0])) > 0:
            batches.pop()
            rest = min(left, LOOK_SECONDS)
    if not _deliver_all(client, queue, batches):
        return 0  # the queue knows what to do next
    if rest is None and outbox.waited(queue) is not None:
        return SHORTLY  # it came meanwhile, or an older transaction is open
    return rest


def _until_ripe(queue: Queue, first: Waiting) -> float:
    flush = queue.connector.flush_seconds
    return flush - (outbox.waited(queue, first) or 0) if flush else 0


def _deliver_all(client: outbound.Client, queue: Queue, batches: list[list[Waiting]]) -> bool:
    """Send ``batches`` for a while; tell whether the queue is done with them all."""
    done, until = progress.Delivered(queue), time.monotonic() + AT_ONCE_SECONDS

    def deliver(batch: list[Waiting]) -> bool:
        return time.monotonic() < until and _deliver(client, queue, batch, done)

    try:
        over = all(deliver(batch) for batch in batches)
        done.keep()
    except progress.Moved:
        return False
    return over


def _deliver(
    client: outbound.Client, queue: Queue, batch: list[Waiting], done: progress.Delivered
) -> bool:
    bodies = [event.body for event in batch if event.body is not None]
    if not bodies:
        done.keep()
        progress.drop(queue, batch[-1], oversized=len(batch))
        return True
    answer = call(client, queue.connector, bodies)
    if answer.reaction is Reaction.DONE:
        done.add(batch, large=len(batch) - len(bodies))
        return True
    done.keep()
    if answer.reaction is Reaction.SPLIT:
        progress.note(queue, answer, events=len(bodies))
        return all(_deliver_alone(client, queue, event, done) for event in batch)
    if answer.reaction is Reaction.SHRINK and len(bodies) > 1:
        progress.note(queue, answer, events=len(bodies))
        progress.shrink(queue, len(batch))
        return False
    return _hold(queue, answer, batch, events=len(bodies))


def _deliver_alone(
    client: outbound.Client, queue: Queue, event: Waiting, done: progress.Delivered
) -> bool:
    """Send an event of a batch that was refused; tell whether the queue is done with it.

    One that is refused again is given up.
    """
    answer = call(client, queue.connector, [event.body]) if event.body is not None else None
    if answer and answer.reaction is Reaction.DONE:
        done.add([event])
        return True
    done.keep()
    if answer is None:
        progress.drop(queue, event, oversized=1)
        return True
    if answer.reaction is Reaction.SPLIT:
        progress.note(queue, answer, events=1, dropped=1)
        progress.drop(queue, event, refused=1)
        return True
    return _hold(queue, answer, [event], events=1)


def _hold(queue: Queue, answer: Answer, batch: list[Waiting], *, events: int) -> bool:
    """Have the queue wait before ``batch`` is tried again; tell whether it is given up instead."""
    since = queue.failing_since
    hopeless = since is not None and since < timezone.now() - TOO_LARGE_FOR
    if answer.reaction is Reaction.SHRINK and hopeless:
        progress.note(queue, answer, events=1, dropped=1)
        progress.drop(queue, batch[-1], refused=1)
        return True
    progress.note(queue, answer, events=events)
    if answer.reaction is Reaction.CREDENTIALS:
        progress.fail(queue, Trouble.CREDENTIALS, wait=wait_for_credentials())
        alerts.credentials_failed(queue.connector)
    else:
        wait = wait_before_retry(queue.failures + 1, answer.headers)
        progress.fail(queue, Trouble.BUSY, wait=wait)
    return False


@contextmanager
def _alone(queue_id: int) -> Iterator[bool]:
    """Be the only sender of a queue, on all machines; tell whether we are.

    A lock of the database session, and no open transaction: that would keep every queue from going
    past it. PostgreSQL frees it when a worker is killed.
    """
    with connection.cursor() as cursor:
        key = [queue_id]
        cursor.execute("select pg_try_advisory_lock(hashtext('currents queue'), %s)", key)
        if cursor.fetchone() == (False,):
            yield False
            return
        try:
            for setting in SETTINGS:
                cursor.execute(f"set {setting} = off")
            yield True
        finally:
            for setting in SETTINGS:
                cursor.execute(f"reset {setting}")
            cursor.execute("select pg_advisory_unlock(hashtext('currents queue'), %s)", key)
