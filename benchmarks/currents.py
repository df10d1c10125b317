"""What happens is streamed to a receiver that answers at once, in a process of its own.

``currents_rate``: a sender drains 50,000 custom events in batches of 100, as a worker does. Beside
it a bare httpx loop that posts the same bodies, prepared, over a connection kept alive. They take
turns, three times each; the median counts, in microseconds for each event.

``outbox_overhead``: the transaction of a ``/users/track`` call with events of random people,
without a connector that wants them and with one. For one event and for 75; the worse counts,
medians of interleaved pairs.

``currents_backlog_rss``: the most memory that a worker process holds while it drains a backlog
of a million.
"""

import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from itertools import batched
from time import perf_counter

import httpx
import psutil
from django.conf import settings
from django.db import connection

from benchmarks.worlds.bench import Bench
from benchmarks.worlds.figures import Figure
from currents import connectors, outbox, partitions, sending
from currents.envelopes import StreamedEvent, body
from currents.models import Connector, OutboxEvent, Queue
from currents.types.base import Person
from currents.types.behaviours import CustomEvent
from profiles.models import Event
from profiles.track.applying import track
from profiles.track.call import open_call
from workspaces.models import Workspace

EVENTS = 50_000
BATCH = 100
ROUNDS = 3
BACKLOG = int(os.environ.get("BACKLOG", "1000000"))
PAIRS = 100
NOW = datetime(2026, 11, 25, tzinfo=UTC)
HEADERS = {"Content-Type": "application/json", "Braze-Currents-Version": "1"}
#: By which the events are known that are deleted in the end.
APP = "currents-benchmark"
PROPERTIES = {"plan": "pro", "seats": 12, "source": "newsletter", "experiment": ["a", "b"]}

#: As many events as wanted, without the writer's time.
FILL = """
insert into currents_outboxevent (workspace_id, event_type, body)
select %s, %s, replace(%s, '00000000-0000-0000-0000-000000000000', gen_random_uuid()::text)
from generate_series(1, %s)
"""


def rate(bench: Bench) -> Iterator[Figure]:
    """Give ``currents_rate``."""
    times: dict[str, list[float]] = {"ours": [], "bare httpx": []}
    with _receiver() as url, _connector(bench.workspace, url) as queue:
        for _ in range(ROUNDS):
            _fill(bench.workspace, EVENTS)
            found = OutboxEvent.objects.order_by("xid", "id").values_list("body", flat=True)
            bodies = [body(list(part)) for part in batched(found, BATCH, strict=False)]
            times["bare httpx"].append(_bare(url, bodies))
            times["ours"].append(_drained(queue))
    medians = {name: statistics.median(took) * 1e6 / EVENTS for name, took in times.items()}
    ours = medians.pop("ours")
    yield Figure("currents_rate", "us/event", ours, medians, target=2, target_is_ratio=True)


def overhead(bench: Bench) -> Iterator[Figure]:
    """Give ``outbox_overhead``."""
    found = []
    for count in (1, 75):
        with _receiver() as url, _connector(bench.workspace, url, flush_seconds=60):
            plain, told = _pairs(bench, count)
        found.append((told / plain, plain, told, count))
    Event.objects.filter(app_id=APP).delete()
    _ratio, plain, told, count = max(found)
    peers = {"without": plain}
    note = f"transactions of {count}"
    yield Figure("outbox_overhead", "ms", told, peers, target=1.2, target_is_ratio=True, note=note)


def backlog(bench: Bench) -> Iterator[Figure]:
    """Give ``currents_backlog_rss``."""
    with _receiver() as url, _connector(bench.workspace, url) as queue:
        _fill(bench.workspace, BACKLOG)
        command = [sys.executable, "manage.py", "procrastinate", "worker", "--concurrency", "4"]
        environment = os.environ | {"OUTBOUND_ALLOW": "127.0.0.0/8"}
        worker = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment)
        try:
            most = _most_memory(psutil.Process(worker.pid), queue)
        finally:
            worker.terminate()
            worker.wait()
    yield Figure("currents_backlog_rss", "MB", most, target=200, note=f"{BACKLOG:,} events")


def _pairs(bench: Bench, count: int) -> tuple[float, float]:
    """The median milliseconds of a transaction without a connector and with one."""
    times: dict[bool, list[float]] = {False: [], True: []}
    chance = random.Random(1)
    for turn in range(PAIRS):
        for wanted in (True, False) if turn % 2 else (False, True):
            Connector.objects.update(state="active" if wanted else "test")
            people = chance.sample(range(1, bench.users + 1), count)
            times[wanted].append(_transaction(bench.workspace, people))
    return statistics.median(times[False]), statistics.median(times[True])


def _transaction(workspace: Workspace, people: list[int]) -> float:
    events = [
        {
            "external_id": f"user-{number}",
            "app_id": APP,
            "name": "Benchmarked",
            "time": NOW.isoformat(),
            "properties": PROPERTIES,
        }
        for number in people
    ]
    call = open_call({"events": events}, most=len(events), most_in_all=len(events))
    started = perf_counter()
    track(workspace, call)
    return (perf_counter() - started) * 1000


def _bare(url: str, bodies: list[bytes]) -> float:
    with httpx.Client(trust_env=False) as client:
        return _timed(lambda: [client.post(url, content=each, headers=HEADERS) for each in bodies])


def _drained(queue: Queue) -> float:
    def drain() -> None:
        while sending.send(queue.pk) is not None:
            pass

    return _timed(drain)


def _timed(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def _most_memory(worker: psutil.Process, queue: Queue) -> float:
    """The most resident megabytes of ``worker`` until ``queue`` is drained."""
    most = 0.0
    while outbox.waited(Queue.objects.select_related("connector").get(pk=queue.pk)) is not None:
        if not worker.is_running():
            raise SystemExit("The worker ended before it was done")
        most = max(most, worker.memory_info().rss / 1e6)
        time.sleep(0.1)
    return most


def _fill(workspace: Workspace, count: int) -> None:
    """Put ``count`` events into the outbox, and nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("truncate currents_outboxevent")
    partitions.make_ahead()
    outbox.write(workspace.pk, [StreamedEvent(_sample(), Person(user_id="0" * 24), NOW)])
    text = OutboxEvent.objects.values_list("body", flat=True).get()
    head, _, rest = text.partition('"id":"')
    blank = f'{head}"id":"00000000-0000-0000-0000-000000000000{rest[36:]}'
    with connection.cursor() as cursor:
        cursor.execute(FILL, (workspace.pk, CustomEvent.event_type, blank, count - 1))
        cursor.execute("analyze currents_outboxevent")


def _sample() -> CustomEvent:
    return CustomEvent(name="Benchmarked", custom_properties=PROPERTIES)


@contextmanager
def _connector(workspace: Workspace, url: str, *, flush_seconds: int = 0) -> Iterator[Queue]:
    """A connector to ``url`` until the end of the block, and its queue of custom events."""
    settings.OUTBOUND_ALLOW = [ip_network("127.0.0.0/8")]
    wanted = [CustomEvent.event_type]
    connector = Connector(
        workspace=workspace,
        name="Benchmark",
        url=url,
        event_types=wanted,
        flush_seconds=flush_seconds,
    )
    connectors.save(connector, token=None, by=None)
    connectors.launch(connector, by=None)
    try:
        yield connector.queues.select_related("connector").get()
    finally:
        connector.delete()
        with connection.cursor() as cursor:
            cursor.execute("truncate currents_outboxevent")


@contextmanager
def _receiver() -> Iterator[str]:
    """The address of a receiver that runs until the end of the block."""
    command = [sys.executable, "-m", "benchmarks.worlds.receiver"]
    with subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/events"
        finally:
            process.terminate()
