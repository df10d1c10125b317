"""From the outbox to a receiver that does all that receivers do."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from ipaddress import ip_network
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from currents import connectors, outbox, partitions, sending, tasks, waking, watching
from currents.envelopes import StreamedEvent
from currents.models import Connector, ConnectorState, DeliveryHour, OutboxEvent, Queue
from currents.samples import sample
from currents.types.base import CATALOGUE
from currents.types.behaviours import CustomEvent, Location, Purchase
from tests.worlds.currents_world import (
    THEN,
    connect,
    errors,
    forget_jobs,
    names,
    queue_of,
    send,
    send_now,
    write,
)
from tests.worlds.receivers import (
    Answer,
    Handler,
    Received,
    Receiver,
    drop,
    garbage,
    hang,
    receiving,
)
from tests.worlds.waiting_jobs import jobs_of
from workspaces.models import Member, Workspace

# Real transactions: what one wrote is sent once it is over.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_jobs(transactional_db: None) -> None:
    forget_jobs()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.OUTBOUND_ALLOW = [ip_network("127.0.0.0/8")]
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def connector(workspace: Workspace, receiver: Receiver) -> Connector:
    return connect(workspace, receiver)


def answering(receiver: Receiver, *statuses: int, **headers: str) -> None:
    """Answer with one status after the other, and 200 from then on."""
    left = list(statuses)
    receiver.answers = lambda request: Answer(left.pop(0) if left else 200, headers)


def state(connector: Connector) -> str:
    connector.refresh_from_db()
    return connector.state


def test_an_event_arrives_as_the_contract_has_it(workspace: Workspace, receiver: Receiver) -> None:
    connector = connect(workspace, receiver, token="s3cret")
    write(workspace, "Signed up", plan="pro")
    assert send(connector) is None
    (request,) = receiver.requests
    (event,) = request.events
    assert request.headers["content-type"] == "application/json"
    assert request.headers["braze-currents-version"] == "1"
    assert request.headers["authorization"] == "Bearer s3cret"
    assert event == {
        "event_type": "users.behaviors.CustomEvent",
        "id": event["id"],
        "time": 2033564904,
        "user": {"user_id": "5ff1a3b4c5d6e7f8091a2b3c", "external_user_id": "ada"},
        "properties": {
            "name": "Signed up",
            "custom_properties": {"plan": "pro"},
            "app_group_id": str(workspace.uid),
        },
    }


def test_events_go_in_order_in_batches_over_one_connection(
    workspace: Workspace, receiver: Receiver
) -> None:
    connector = connect(workspace, receiver, batch_size=10)
    write(workspace, *map(str, range(25)))
    send(connector)
    assert [len(request.events) for request in receiver.requests] == [10, 10, 5]
    assert names(receiver) == [str(n) for n in range(25)]
    assert len({request.connection for request in receiver.requests}) == 1
    assert DeliveryHour.objects.values_list("events", "batches").get() == (25, 3)


def test_a_batch_that_is_not_full_waits_for_its_time(
    workspace: Workspace, receiver: Receiver
) -> None:
    connector = connect(workspace, receiver, batch_size=2, flush_seconds=60)
    write(workspace, "a", "b", "c")
    assert send(connector) == 5
    assert names(receiver) == ["a", "b"]
    Connector.objects.update(flush_seconds=0)
    send(connector)
    assert names(receiver) == ["a", "b", "c"]


def test_bodies_are_zipped_where_that_is_asked(workspace: Workspace, receiver: Receiver) -> None:
    connector = connect(workspace, receiver, gzip=True)
    write(workspace, "a")
    send(connector)
    (request,) = receiver.requests
    assert request.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(request.body))["events"][0]["properties"]["name"] == "a"


def test_fields_are_removed_and_hashed(workspace: Workspace, receiver: Receiver) -> None:
    changes = {"name": "remove", "external_user_id": "hash", "price": "remove"}
    connector = connect(workspace, receiver, transformations=changes)
    write(workspace, "secret", name="kept: not a field of the catalogue")
    send(connector)
    (event,) = receiver.events
    assert event["properties"]["name"] == "[REDACTED]"
    assert event["user"]["external_user_id"] == sha256(b"ada").hexdigest()
    assert event["properties"]["custom_properties"] == {
        "name": "kept: not a field of the catalogue"
    }


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_2xx_is_delivered(
    workspace: Workspace, receiver: Receiver, connector: Connector, status: int
) -> None:
    answering(receiver, status)
    write(workspace, "a", "b")
    assert (send(connector), send(connector)) == (None, None)
    assert names(receiver) == ["a", "b"]
    assert queue_of(connector).delivered == 2


def test_400_is_split_and_what_is_refused_alone_is_dropped(
    workspace: Workspace, receiver: Receiver, connector: Connector
) -> None:
    receiver.answers = lambda request: Answer(400 if "bad" in request.body.decode() else 200)
    write(workspace, "a", "bad", "c")
    assert send(connector) is None
    assert [len(request.events) for request in receiver.requests] == [3, 1, 1, 1]
    queue = queue_of(connector)
    assert (queue.delivered, queue.refused, queue.trouble) == (2, 1, "")
    assert errors(connector) == [(400, 3, 0), (400, 1, 1)]


def test_a_single_event_is_sent_again_before_it_is_dropped(
    workspace: Workspace, receiver: Receiver, connector: Connector
) -> None:
    answering(receiver, 400)
    write(workspace, "a")
    send(connector)
    assert names(receiver) == ["a", "a"]
    assert (queue_of(connector).delivered, queue_of(connector).refused) == (1, 0)


def test_a_split_that_breaks_off_goes_on_where_it_was(
    workspace: Workspace, receiver: Receiver, connector: Connector
) -> None:
    answering(receiver, 400, 200, 503)
    write(workspace, "a", "b", "c")
    send(connector)
    assert names(receiver) == ["a", "b", "c", "a", "b"]
    send_now(connector)
    assert names(receiver)[5:] == ["b", "c"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_bad_credentials_wait_minutes_and_the_admins_are_told_once(
    workspace: Workspace, receiver: Receiver, connector: Connector, admin: Member, status: int
) -> None:
    answering(receiver, status, status)
    write(workspace, "a")
    wait = send(connector)
    assert wait is not None
    assert 100 < wait <= 300
    assert state(connector) == ConnectorState.FAILING
    send_now(connector)
    (job,) = jobs_of("currents.tasks.send_mail")
    tasks.send_mail(**job.args)
    (message,) = mail.outbox
    assert (message.to, message.bcc) == ([], [admin.user.email])
    assert send_now(connector) is None
    assert (names(receiver), state(connector)) == (["a"] * 3, ConnectorState.ACTIVE)
    assert Connector.objects.get().credentials_told_at is None


def test_bad_credentials_for_48_hours_suspend_and_resuming_loses_nothing(
    workspace: Workspace, receiver: Receiver, connector: Connector, admin: Member
) -> None:
    answering(receiver, 401)
    write(workspace, "a")
    send(connector)
    Queue.objects.update(failing_since=timezone.now() - timedelta(hours=47))
    watching.look_after_connectors()
    assert state(connector) == ConnectorState.FAILING
    Queue.objects.exclude(trouble="").update(failing_since=timezone.now() - timedelta(hours=49))
    watching.look_after_connectors()
    assert state(connector) == ConnectorState.SUSPENDED
    assert [job.args["subject"] for job in jobs_of("currents.tasks.send_mail")] == [
        "“Heap Export” no longer delivers: its credentials are not accepted",
        "“Heap Export” was suspended",
    ]
    write(workspace, "b")
    assert send_now(connector) is None
    connectors.resume(connector, by=None)
    send(connector)
    assert names(receiver) == ["a", "a", "b"]


def test_413_halves_the_batch_until_it_fits(workspace: Workspace, receiver: Receiver) -> None:
    connector = connect(workspace, receiver, batch_size=8)
    receiver.answers = lambda request: Answer(413 if len(request.events) > 3 else 200)
    write(workspace, *"abcdefgh")
    assert send(connector) is None
    assert [len(request.events) for request in receiver.requests][:3] == [8, 4, 2]
    taken = [r.events for r in receiver.requests if len(r.events) <= 3]
    assert [e["properties"]["name"] for events in taken for e in events] == list("abcdefgh")


def test_one_event_that_is_too_large_for_the_receiver_is_given_up_after_a_day(
    workspace: Workspace, receiver: Receiver, connector: Connector
) -> None:
    receiver.answers = lambda request: Answer(413 if "large" in request.body.decode() else 200)
    write(workspace, "large", "b")
    send(connector)
    send_now(connector)
    assert queue_of(connector).refused == 0
    Queue.objects.update(failing_since=timezone.now() - timedelta(hours=25))
    send_now(connector)
    assert (queue_of(connector).refused, queue_of(connector).delivered) == (1, 1)


@pytest.mark.parametrize("status", [301, 307, 402, 408, 418, 429, 500, 502, 503, 599])
def test_what_is_not_in_the_table_is_tried_again_later(
    workspace: Workspace, receiver: Receiver, connector: Connector, status: int
) -> None:
    answering(receiver, status)
    write(workspace, "a")
    wait = send(connector)
    assert wait is not None
    assert 0 < wait <= 1
    assert send_now(connector) is None
    ids = [request.ids for request in receiver.requests]
    assert ids[0] == ids[1]
    assert errors(connector) == [(status, 1, 0)]


def test_waits_grow_and_three_failures_make_a_connector_failing(
    workspace: Workspace, receiver: Receiver, connector: Connector
) -> None:
    answering(receiver, *[503] * 6)
    write(workspace, "a")
    waits = []
    for _ in range(6):
        waits.append(send_now(connector) or 0)
        assert state(connector) == ("failing" if len(waits) > 2 else "active")
    assert all(0.45 * n < wait <= n for n, wait in zip((1, 2, 4, 8, 15, 30), waits, strict=True))
    send_now(connector)
    assert (queue_of(connector).failures, state(connector)) == (0, "active")


def test_retry_after_is_honoured(
    workspace: Workspace, receiver: Receiver, connector: Connector
) -> None:
    answering(receiver, 429, **{"Retry-After": "77"})
    write(workspace, "a")
    wait = send(connector)
    assert wait is not None
    assert 76 < wait <= 77


@pytest.mark.parametrize("instead", [drop, garbage])
def test_a_broken_answer_loses_nothing(
    workspace: Workspace,
    receiver: Receiver,
    connector: Connector,
    instead: Callable[[Handler], None],
) -> None:
    receiver.answers = lambda request: Answer(instead=instead)
    write(workspace, "a")
    send(connector)
    receiver.answers = lambda request: Answer()
    send_now(connector)
    assert len({request.ids[0] for request in receiver.requests}) == 1
    assert (names(receiver), errors(connector)) == (["a", "a"], [(None, 1, 0)])


def test_a_receiver_that_hangs_is_left_after_the_time_out(
    workspace: Workspace, receiver: Receiver, connector: Connector, monkeypatch: Any
) -> None:
    receiver.answers = lambda request: Answer(instead=hang(1))
    monkeypatch.setattr("currents.calling.call.__kwdefaults__", {"timeout": 0.2})
    write(workspace, "a")
    assert send(connector) is not None
    assert errors(connector) == [(None, 1, 0)]


def test_two_types_of_a_connector_at_once_and_the_others_in_turn(
    workspace: Workspace, receiver: Receiver, monkeypatch: Any
) -> None:
    connector = connect(workspace, receiver, batch_size=1)
    monkeypatch.setattr(sending, "TURN_SECONDS", 0)
    monkeypatch.setattr(sending, "BATCHES", 1)
    hanging, over = threading.Barrier(3), threading.Event()

    def hold(request: Received) -> Answer:
        if not over.is_set():
            hanging.wait(10)
            over.wait(10)
        return Answer()

    receiver.answers = hold
    kinds = [CustomEvent.event_type, Purchase.event_type, Location.event_type]
    outbox.write(workspace.pk, [StreamedEvent(*sample(CATALOGUE[k]), THEN) for k in kinds * 2])

    def send_first(kind: str) -> float | None:
        try:
            return send(connector, kind)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        busy = [pool.submit(send_first, kind) for kind in kinds[:2]]
        hanging.wait(10)
        third = queue_of(connector, kinds[2]).pk
        forget_jobs()
        tasks.send(third)
        (job,) = jobs_of(waking.TASK)
        assert (job.args, job.scheduled_at is None) == ({"queue_id": third}, False)
        over.set()
        assert 0 in [each.result() for each in busy]  # it made room, with more to send
    (job,) = jobs_of(waking.TASK)
    assert (job.args, job.scheduled_at is None) == ({"queue_id": third}, True)
    assert send(connector, kinds[2]) is None
    assert [event["event_type"] for event in receiver.events].count(kinds[2]) == 2


def test_an_event_over_900_kb_is_dropped_and_counted(
    workspace: Workspace, receiver: Receiver, connector: Connector
) -> None:
    write(workspace, "a")
    write(workspace, "b", text="x" * 900 * 1024)
    write(workspace, "c", text="x" * 890 * 1024)
    assert send(connector) is None
    assert names(receiver) == ["a", "c"]
    assert (queue_of(connector).oversized, queue_of(connector).delivered) == (1, 2)


def test_a_token_that_a_receiver_sends_back_is_not_kept(
    workspace: Workspace, receiver: Receiver
) -> None:
    connector = connect(workspace, receiver, token="s3cret")

    def echo(request: Received) -> Answer:
        return Answer(500, {}, f"you said {request.headers['authorization']}".encode())

    receiver.answers = echo
    write(workspace, "a")
    send(connector)
    assert connector.errors.get().detail == "you said Bearer [REDACTED]"


def test_a_paused_connector_sends_nothing_and_then_everything(
    workspace: Workspace, receiver: Receiver, connector: Connector
) -> None:
    connectors.pause(connector, by=None)
    write(workspace, "a")
    assert (send(connector), receiver.requests) == (None, [])
    connectors.resume(connector, by=None)
    send(connector)
    assert names(receiver) == ["a"]


def test_retry_now_does_not_wait_for_the_next_try(
    workspace: Workspace, receiver: Receiver, connector: Connector
) -> None:
    answering(receiver, 401)
    write(workspace, "a")
    forget_jobs()
    tasks.send(queue_of(connector).pk)
    assert [job.scheduled_at is None for job in jobs_of(waking.TASK)] == [False]
    connectors.retry_now(connector, by=None)
    (job,) = [job for job in jobs_of(waking.TASK) if job.args["queue_id"] == queue_of(connector).pk]
    assert job.scheduled_at is None
    tasks.send(**job.args)
    assert names(receiver) == ["a", "a"]


def test_a_replay_sends_again_under_the_same_ids(
    workspace: Workspace, receiver: Receiver, connector: Connector
) -> None:
    write(workspace, "a")
    middle = timezone.now()
    write(workspace, "b", "c")
    send(connector)
    connectors.replay(connector, middle, by=None)
    send(connector)
    assert names(receiver) == ["a", "b", "c", "b", "c"]
    ids = [event["id"] for event in receiver.events]
    assert ids[1:3] == ids[3:]


def test_admins_are_told_once_of_an_hour_of_lag(workspace: Workspace, connector: Connector) -> None:
    write(workspace, "a")
    for minutes in (59, 61, 62):
        # The table is partitioned by the day, which an hour ago may not have been.
        partitions.ensure((timezone.now() - timedelta(minutes=minutes)).date())
        OutboxEvent.objects.update(at=timezone.now() - timedelta(minutes=minutes))
        watching.look_after_connectors()
        assert len(jobs_of("currents.tasks.send_mail")) == (minutes > 60)
