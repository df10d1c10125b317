"""The outbox: written with a transaction, read in the order of commits, dropped by the day."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from currents import connectors, outbox, partitions, restoring, sending, tasks, waking, watching
from currents.envelopes import StreamedEvent
from currents.models import Connector, OutboxEvent, Queue
from currents.types.base import CATALOGUE
from currents.types.behaviours import Location, Purchase, SessionEnd
from tests.cohorts.test_import_concurrency import database_url
from tests.worlds.currents_world import ADA, CUSTOM, THEN, forget_jobs, happened, queue_of, write
from tests.worlds.factories import WorkspaceFactory
from tests.worlds.waiting_jobs import jobs_of
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_jobs(transactional_db: None) -> None:
    forget_jobs()


@pytest.fixture
def connector(workspace: Workspace) -> Connector:
    return launch(workspace)


def launch(workspace: Workspace, **fields: Any) -> Connector:
    values = {"name": "Heap Export", "url": "https://heap.example/", "event_types": [CUSTOM]}
    connector = Connector(workspace=workspace, **values | fields)
    connectors.save(connector, token=None, by=None)
    connectors.launch(connector, by=None)
    return connector


def reading(connector: Connector, limit: int = 100) -> outbox.Reading:
    """What a sender may send now: looked at thrice, as ``currents_world.send`` tells why."""
    looks = [outbox.read(queue_of(connector), limit) for _ in range(3)]
    return max(looks, key=lambda look: len(look.events))


def read(connector: Connector, limit: int = 100) -> list[str]:
    """The names of what a sender may send now."""
    events = reading(connector, limit).events
    return [json.loads(each.body or "")["properties"]["name"] for each in events]


def done_with(connector: Connector, limit: int) -> None:
    last = reading(connector, limit).events[-1]
    Queue.objects.update(xid=last.xid, event_id=last.id)


def move_back(days: int) -> None:
    """Have everything in the outbox happened some days ago."""
    then = timezone.now() - timedelta(days=days)
    partitions.ensure(then.astimezone(UTC).date())
    OutboxEvent.objects.update(at=then)


@contextmanager
def slow_transaction(workspace: Workspace, *names: str) -> Iterator[None]:
    """A writer of another connection that has written and does not commit before the end."""
    with ThreadPoolExecutor(1) as thread:
        try:
            thread.submit(transaction.set_autocommit, False).result()
            thread.submit(write, workspace, *names).result()
            yield
            thread.submit(transaction.commit).result()
        finally:
            thread.submit(lambda: connection.close()).result()


def test_nothing_is_wanted_before_a_connector_is_launched(workspace: Workspace) -> None:
    connector = Connector(workspace=workspace, name="Heap", url="https://x/", event_types=[CUSTOM])
    connectors.save(connector, token=None, by=None)
    assert outbox.wanted(workspace.pk) == frozenset()
    write(workspace, "before")
    connectors.launch(connector, by=None)
    assert outbox.wanted(workspace.pk) == {CUSTOM}
    write(workspace, "after")
    assert read(connector) == ["after"]


def test_only_what_a_connector_of_the_workspace_wants_is_written(connector: Connector) -> None:
    write(WorkspaceFactory(), "elsewhere")
    purchase = Purchase(product_id="p", price=1.0, currency="USD")
    kinds = [*happened("a"), StreamedEvent(purchase, ADA, THEN)]
    outbox.write(connector.workspace_id, kinds)
    assert OutboxEvent.objects.values_list("event_type", flat=True).get() == CUSTOM


@pytest.mark.parametrize("names", ["a", "abc"])
def test_writing_asks_the_database_twice(
    connector: Connector, django_assert_num_queries: Any, names: str
) -> None:
    write(connector.workspace, "the first of the day")
    with transaction.atomic(), django_assert_num_queries(2):
        write(connector.workspace, *names)


def test_what_is_rolled_back_did_not_happen(connector: Connector) -> None:
    with transaction.atomic():
        write(connector.workspace, "a")
        transaction.set_rollback(True)
    assert (OutboxEvent.objects.count(), jobs_of(waking.TASK)) == (0, [])


def test_a_slow_transaction_is_neither_skipped_nor_passed(connector: Connector) -> None:
    write(connector.workspace, "before")
    with slow_transaction(connector.workspace, "slow 1", "slow 2"):
        write(connector.workspace, "after")
        assert read(connector) == ["before"]
        done_with(connector, 10)
        assert reading(connector, 10) == outbox.Reading([], False)
    assert read(connector) == ["slow 1", "slow 2", "after"]


def test_a_transaction_of_another_database_holds_up_nothing(connector: Connector) -> None:
    url = urlsplit(database_url())._replace(path="/postgres").geturl()
    with psycopg.connect(url) as elsewhere:
        elsewhere.execute("select pg_current_xact_id()")
        write(connector.workspace, "a")
        assert read(connector) == ["a"]


def test_a_connector_launched_beside_a_slow_transaction_misses_nothing(
    workspace: Workspace,
) -> None:
    other = launch(workspace)
    with slow_transaction(workspace, "slow"):
        connector = launch(workspace, name="Second")
    assert "slow" in read(connector)
    assert other.queues.count() == 1


def test_a_reading_is_bounded_by_bytes(connector: Connector) -> None:
    for name in "abcdefgh":
        write(connector.workspace, name, text="x" * 800_000)
    found = reading(connector, 100)
    assert (len(found.events), found.cut) == (6, True)


def test_a_reading_of_a_backlog_walks_the_index(connector: Connector) -> None:
    partitions.make_ahead()
    write(connector.workspace, *map(str, range(3000)))
    done_with(connector, 1000)
    queue = queue_of(connector)
    bounds = {
        "usual": outbox.USUAL_BYTES,
        "largest": outbox.LARGEST_BYTES,
        "most": outbox.MOST_BYTES,
    }
    with sending._alone(queue.pk), connection.cursor() as cursor:
        cursor.execute("analyze currents_outboxevent")
        for statement in ("read", "read_large"):
            values = outbox._behind(queue) | {"limit": 100} | bounds
            cursor.execute("explain " + outbox.statements[statement], values)
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert ("Index Scan" in plan, "Sort  " in plan) == (True, False)


def test_a_reading_of_usual_events_ends_before_a_large_one(connector: Connector) -> None:
    for name, size in (("a", 1), ("b", 1), ("large", outbox.USUAL_BYTES), ("c", 1)):
        write(connector.workspace, name, text="x" * size)
    assert reading(connector, 10).cut
    assert read(connector) == ["a", "b"]
    done_with(connector, 10)
    assert not reading(connector, 10).cut
    assert read(connector) == ["large", "c"]


def test_any_text_can_be_written(connector: Connector) -> None:
    odd = {"nul": "\x00", "half": "\ud800", "smile": "🙂", "deep": [{"a": [None]}], "\n": "\r\n"}
    write(connector.workspace, "a", **odd)
    (event,) = reading(connector, 1).events
    assert json.loads(event.body or "")["properties"]["custom_properties"] == odd


def test_what_json_cannot_say_is_an_error_of_the_writer(connector: Connector) -> None:
    with pytest.raises(ValueError):
        write(connector.workspace, "a", number=float("nan"))


def test_an_envelope_leaves_out_what_is_absent_and_what_its_type_does_not_carry(
    workspace: Workspace,
) -> None:
    launch(workspace, event_types=list(CATALOGUE))
    ada = type(ADA)(user_id=ADA.user_id, external_user_id="", device_id="d", timezone="UTC")
    where = Location(latitude=0.0, longitude=1.5, platform="")
    left = SessionEnd(duration=0, app_id="app")
    outbox.write(workspace.pk, [StreamedEvent(where, ada, THEN), StreamedEvent(left, ada, THEN)])
    bodies = OutboxEvent.objects.order_by("id").values_list("body", flat=True)
    shown = [(event["user"], event["properties"]) for event in map(json.loads, bodies)]
    user = {"user_id": ADA.user_id, "device_id": "d"}
    uid = str(workspace.uid)
    assert shown == [
        (user, {"latitude": 0.0, "longitude": 1.5, "app_group_id": uid}),
        (user, {"duration": 0, "app_id": "app", "app_group_id": uid}),
    ]


def test_writers_ask_for_one_job_after_their_commit(connector: Connector) -> None:
    for _ in range(3):
        with transaction.atomic():
            write(connector.workspace, "a", "b")
            assert len(jobs_of(waking.TASK)) <= 1
    (job,) = jobs_of(waking.TASK)
    assert job.args == {"queue_id": queue_of(connector).pk}


def test_the_safety_net_finds_what_nobody_asked_for(connector: Connector) -> None:
    write(connector.workspace, "a")
    forget_jobs()
    watching.wake_all()
    watching.wake_all()
    assert len(jobs_of(waking.TASK)) == 1


def test_jobs_that_are_done_and_those_of_killed_workers_are_dropped(connector: Connector) -> None:
    for status in ("succeeded", "doing", "todo"):
        waking.look(queue_of(connector).pk)
        with connection.cursor() as cursor:
            cursor.execute(
                "update procrastinate_jobs set status = %s where status = 'todo'", [status]
            )
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_events set at = at - interval '2 hours'")
    async_to_sync(tasks.drop_jobs.func)(0)
    assert [job.status for job in jobs_of(waking.TASK)] == ["todo"]


def test_writing_needs_no_job_to_make_the_day(connector: Connector) -> None:
    write(connector.workspace, "before a restore from which the day is missing")
    today = datetime.now(UTC).date()
    with connection.cursor() as cursor:
        cursor.execute(f"drop table if exists currents_outboxevent_{today:%Y%m%d}")
    write(connector.workspace, "a")
    assert read(connector) == ["a"]


def test_two_writers_make_the_day_at_once(connector: Connector) -> None:
    today = datetime.now(UTC).date()
    with connection.cursor() as cursor:
        cursor.execute(f"drop table if exists currents_outboxevent_{today:%Y%m%d}")

    def write_one(number: int) -> None:
        write(connector.workspace, str(number))
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write_one, range(8)))
    assert sorted(read(connector)) == [str(n) for n in range(8)]


def days() -> list[Any]:
    return partitions._column("days")


def test_the_days_to_come_are_made_ahead() -> None:
    partitions.make_ahead()
    partitions.make_ahead()
    today = datetime.now(UTC).date()
    assert {today + timedelta(days=n) for n in range(8)} <= set(days())


def test_a_day_is_kept_until_every_connector_has_it(connector: Connector) -> None:
    slow = launch(connector.workspace, name="Slow")
    write(connector.workspace, "a")
    move_back(days=9)
    done_with(connector, 10)
    Queue.objects.filter(connector=slow).update(xid=0)
    assert partitions.drop_old(timezone.now()) == 0
    assert read(slow) == ["a"]
    Queue.objects.update(xid=2**62)
    assert partitions.drop_old(timezone.now()) == 1
    assert OutboxEvent.objects.count() == 0


def test_a_paused_connector_loses_what_is_older_than_a_week_and_says_so(
    connector: Connector,
) -> None:
    write(connector.workspace, "a", "b")
    connectors.pause(connector, by=None)
    move_back(days=9)
    assert partitions.drop_old(timezone.now()) == 1
    assert queue_of(connector).expired == 2


def dump_and_restore() -> None:
    """Have everything come from a cluster that had seen more transactions than this one."""
    OutboxEvent.objects.update(xid=F("xid") + 10_000_000)
    Queue.objects.update(xid=F("xid") + 10_000_000)


def test_after_a_dump_and_restore_nothing_is_passed_by(connector: Connector) -> None:
    for name in "abc":
        write(connector.workspace, name)
    done_with(connector, 2)
    dump_and_restore()
    assert read(connector) == []
    write(connector.workspace, "d")
    assert read(connector) == ["c", "d"]


def test_after_a_dump_and_restore_what_waits_is_sent_though_nothing_happens(
    connector: Connector,
) -> None:
    write(connector.workspace, "a")
    dump_and_restore()
    watching.look_after_connectors()
    assert read(connector) == ["a"]
    assert not restoring.settle_in()


def test_a_type_that_is_no_longer_wanted_leaves_nothing(connector: Connector) -> None:
    write(connector.workspace, "a")
    connector.event_types = ["users.behaviors.Purchase"]
    connectors.save(connector, token=None, by=None)
    assert list(connector.queues.values_list("event_type", flat=True)) == connector.event_types
    assert outbox.wanted(connector.workspace_id) == frozenset(connector.event_types)
