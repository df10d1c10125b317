"""Workers in processes of their own: killed at any moment, and two at once.

``KILLS`` and ``EVENTS`` in the environment make it a long run: twenty kills over 100,000 events.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from typing import Any

import pytest
from django.conf import settings as conf
from django.db import connection

from currents import outbox
from currents.envelopes import StreamedEvent
from currents.models import OutboxEvent
from currents.samples import sample
from currents.types.base import CATALOGUE
from tests.cohorts.test_import_concurrency import database_url
from tests.worlds.currents_world import CUSTOM, THEN, connect, forget_jobs, names, queue_of, write
from tests.worlds.factories import WorkspaceFactory
from tests.worlds.receivers import Answer, Received, Receiver, hang, receiving
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = int(os.environ.get("KILLS", "3"))
EVENTS = int(os.environ.get("EVENTS", "3000"))
AT_ONCE = 100


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.OUTBOUND_ALLOW = [ip_network("127.0.0.0/8")]
    forget_jobs()
    with receiving() as receiver:
        yield receiver


class Worker:
    """A worker over the test database, as ``manage.py serve`` runs one."""

    def __init__(self) -> None:
        command = [sys.executable, "manage.py", "procrastinate", "worker", "--concurrency", "4"]
        self.process = subprocess.Popen(
            [*command, "--fetch-job-polling-interval", "1", "--shutdown-graceful-timeout", "2"],
            cwd=conf.BASE_DIR,
            env=os.environ
            | {
                "DATABASE_URL": database_url(),
                "DATA_KEYS": ",".join(conf.DATA_KEYS),
                "OUTBOUND_ALLOW": "127.0.0.0/8",
                "LOG_LEVEL": "CRITICAL",
            },
            stderr=subprocess.DEVNULL,
        )

    def end(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait()


def eventually(condition: Any, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"it did not come about within {seconds} seconds"
        time.sleep(0.05)


def ids_in_order() -> list[str]:
    """The ids of all events, in the order in which they must arrive."""
    with connection.cursor() as cursor:
        cursor.execute("select body::jsonb ->> 'id' from currents_outboxevent order by xid, id")
        return [each for (each,) in cursor.fetchall()]


def first_arrivals(receiver: Receiver) -> list[str]:
    return list(dict.fromkeys(event["id"] for event in receiver.events))


def slowly(request: Received) -> Answer:
    time.sleep(0.005)  # so that a kill finds a call under way
    return Answer()


def test_a_worker_that_is_killed_loses_nothing(workspace: Workspace, receiver: Receiver) -> None:
    connector = connect(workspace, receiver)
    receiver.answers = slowly
    chance = random.Random(5)

    def flow() -> None:
        for start in range(0, EVENTS, AT_ONCE):
            write(workspace, *map(str, range(start, start + AT_ONCE)))
            time.sleep(0.01)
        connection.close()

    with ThreadPoolExecutor(1) as writer:
        flowing = writer.submit(flow)
        for _ in range(KILLS):
            worker, seen = Worker(), len(receiver.requests)
            eventually(lambda seen=seen: len(receiver.requests) > seen or flowing.done(), 60)
            time.sleep(chance.uniform(0, 1))
            worker.end(signal.SIGKILL)
        flowing.result()
    worker = Worker()
    try:
        eventually(lambda: queue_of(connector).delivered >= EVENTS, 60 + EVENTS / 500)
    finally:
        worker.end()
    assert OutboxEvent.objects.count() == EVENTS
    assert first_arrivals(receiver) == ids_in_order()


def test_two_workers_do_not_interleave(workspace: Workspace, receiver: Receiver) -> None:
    connector = connect(workspace, receiver, batch_size=10)
    under_way: Counter[str] = Counter()

    def alone(request: Received) -> Answer:
        under_way["now"] += 1
        under_way["most"] = max(under_way["most"], under_way["now"])
        time.sleep(0.01)
        under_way["now"] -= 1
        return Answer()

    receiver.answers = alone
    workers = [Worker(), Worker()]
    try:
        for start in range(0, 500, 20):
            write(workspace, *map(str, range(start, start + 20)))
            time.sleep(0.02)
        eventually(lambda: queue_of(connector).delivered == 500, 60)
    finally:
        for worker in workers:
            worker.end()
    assert under_way["most"] == 1
    assert [event["id"] for event in receiver.events] == ids_in_order()


def test_a_receiver_that_hangs_does_not_hold_every_slot(
    workspace: Workspace, receiver: Receiver
) -> None:
    with receiving() as deaf:
        deaf.answers = lambda request: Answer(instead=hang(20))
        connect(workspace, deaf)
        outbox.write(
            workspace.pk, [StreamedEvent(*sample(kind), THEN) for kind in CATALOGUE.values()]
        )
        worker = Worker()
        try:
            eventually(lambda: len(deaf.requests) >= 2, 60)
            time.sleep(1)  # as much as it takes to fill the other slots too
            other: Workspace = WorkspaceFactory()
            connect(other, receiver)
            write(other, "a")
            eventually(lambda: names(receiver) == ["a"], 8)
        finally:
            worker.end(signal.SIGKILL)
        assert len(deaf.requests) == 2


def test_receivers_that_hang_of_one_workspace_leave_others_a_slot(
    workspace: Workspace, receiver: Receiver
) -> None:
    with receiving() as deaf:
        deaf.answers = lambda request: Answer(instead=hang(20))
        for number in range(4):
            connect(workspace, deaf, name=f"Deaf {number}", event_types=[CUSTOM])
        write(workspace, "a")
        worker = Worker()
        try:
            eventually(lambda: len(deaf.requests) >= 3, 60)
            time.sleep(1)  # as much as it takes to fill the other slots too
            other: Workspace = WorkspaceFactory()
            connect(other, receiver)
            write(other, "a")
            eventually(lambda: names(receiver) == ["a"], 8)
        finally:
            worker.end(signal.SIGKILL)
        assert len(deaf.requests) == 3
