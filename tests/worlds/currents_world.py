"""A workspace with a connector to a real receiver, and events to send through it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from currents import connectors, outbox, sending, waking
from currents.envelopes import StreamedEvent
from currents.models import Connector, DeliveryError, Queue
from currents.types.base import CATALOGUE, Person
from currents.types.behaviours import CustomEvent
from tests.worlds.receivers import Receiver
from workspaces.models import Workspace

CUSTOM = CustomEvent.event_type
ADA = Person(user_id="5ff1a3b4c5d6e7f8091a2b3c", external_user_id="ada")
THEN = datetime(2034, 6, 10, 15, 8, 24, tzinfo=UTC)


def connect(workspace: Workspace, receiver: Receiver, **fields: Any) -> Connector:
    """Launch a connector to ``receiver`` that sends at once."""
    token = fields.pop("token", "")
    values = {"name": "Heap Export", "event_types": list(CATALOGUE), "flush_seconds": 0} | fields
    connector = Connector(workspace=workspace, url=receiver.url, **values)
    connectors.save(connector, token=token, by=None)
    connectors.launch(connector, by=None)
    return connector


def happened(*names: str, **properties: Any) -> Iterable[StreamedEvent]:
    """Custom events of Ada, one for each of ``names``."""
    return [
        StreamedEvent(CustomEvent(name=n, custom_properties=properties), ADA, THEN) for n in names
    ]


def queue_of(connector: Connector, event_type: str = CUSTOM) -> Queue:
    return Queue.objects.select_related("connector__workspace").get(
        connector=connector, event_type=event_type
    )


def send(connector: Connector, event_type: str = CUSTOM) -> float | None:
    """Let a sender at a queue, as a worker would.

    It looks again shortly where a transaction ends in the very moment in which it asks whose that
    is: it may have been one of ours. Here they are of the tests beside this one.
    """
    for _ in range(5):
        rest = sending.send(queue_of(connector, event_type).pk)
        if rest != waking.SHORTLY:
            break
    return rest


def send_now(connector: Connector, event_type: str = CUSTOM) -> float | None:
    """As ``send``, when the time to wait is over."""
    connector.queues.update(retry_at=None)
    return send(connector, event_type)


def names(receiver: Receiver) -> list[str]:
    """The names of the custom events that arrived, in order, as often as they came."""
    return [event["properties"]["name"] for event in receiver.events]


def errors(connector: Connector) -> list[tuple[int | None, int, int]]:
    """Status, events and dropped events of each error, the oldest first."""
    kept = DeliveryError.objects.filter(connector=connector).order_by("pk")
    return list(kept.values_list("status", "events", "dropped"))


def write(workspace: Workspace, *names: str, **properties: Any) -> None:
    outbox.write(workspace.pk, happened(*names, **properties))


def forget_jobs() -> None:
    """Drop all jobs: the tables are the job library's own, and no test empties them."""
    with connection.cursor() as cursor:
        cursor.execute("truncate procrastinate_jobs cascade")
