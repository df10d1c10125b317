"""What an admin does with a connector. All of it goes on record."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from currents import outbox, waking
from currents.calling import Answer, call
from currents.envelopes import StreamedEvent, envelope
from currents.models import SENDING, Connector, ConnectorState, Queue
from currents.samples import sample
from currents.types.base import CATALOGUE
from lib import outbound
from lib.sealing import seal
from workspaces import audit
from workspaces.models import User

#: How long an admin waits for the answer to test events. Seconds.
TEST_TIMEOUT_SECONDS = 10

EDITED = ("name", "url", "event_types", "batch_size", "flush_seconds", "gzip", "transformations")


@transaction.atomic
def save(connector: Connector, *, token: str | None, by: User | None) -> None:
    """Keep a new connector, or what was changed on one, and its queues.

    ``token`` is the new bearer token, "" for none, None for that which it has. A type that it no
    longer wants loses what waits of it.
    """
    before = None if connector._state.adding else Connector.objects.get(pk=connector.pk)
    if token is not None:
        connector.sealed_token = seal(token) if token else b""
    if before is None:
        connector.created_by = by
        connector.save()
        _record(connector, by, "Added Connector", event_types=connector.event_types)
        return
    connector.save(update_fields=[*EDITED, "sealed_token"])
    changed = [name for name in EDITED if getattr(before, name) != getattr(connector, name)]
    if token is not None:
        changed.append("token")
    if changed:
        _record(connector, by, "Edited Connector", fields=changed)
        # What went wrong went wrong with what is no more: try again at once.
        connector.queues.update(retry_at=None, batch_limit=None)
        _wake(connector)
    if connector.is_launched:
        _fit_queues(connector)


@transaction.atomic
def launch(connector: Connector, *, by: User | None) -> None:
    """Have every event from now on sent. Nothing happens where it was launched before."""
    if connector.set_state(ConnectorState.ACTIVE, only_from=(ConnectorState.TEST,)):
        connector.launched_at = timezone.now()
        connector.save(update_fields=["launched_at"])
        _fit_queues(connector)
        _record(connector, by, "Launched Connector")


@transaction.atomic
def pause(connector: Connector, *, by: User | None) -> None:
    if connector.set_state(ConnectorState.PAUSED, only_from=SENDING):
        _record(connector, by, "Paused Connector")


@transaction.atomic
def resume(connector: Connector, *, by: User | None) -> None:
    resting = (ConnectorState.PAUSED, ConnectorState.SUSPENDED)
    if connector.set_state(ConnectorState.ACTIVE, only_from=resting):
        connector.queues.update(trouble="", failing_since=None, failures=0, retry_at=None)
        Connector.objects.filter(pk=connector.pk).update(credentials_told_at=None)
        _record(connector, by, "Resumed Connector")
        _wake(connector)


@transaction.atomic
def retry_now(connector: Connector, *, by: User | None) -> None:
    connector.queues.update(retry_at=None)
    _record(connector, by, "Retried Connector")
    _wake(connector)


@transaction.atomic
def replay(connector: Connector, start: datetime, *, by: User | None) -> int:
    """Send again what was written since ``start``, as far as it is kept, under the same ids.

    Returns how many queues that sets back.
    """
    set_back = 0
    for queue in connector.queues.select_for_update(no_key=True).order_by("pk"):
        position = outbox.position_at(queue, start)
        if position and position < (queue.xid, queue.event_id):
            queue.xid, queue.event_id = position
            queue.retry_at = None
            queue.save(update_fields=["xid", "event_id", "retry_at"])
            set_back += 1
    start_text = start.astimezone(UTC).isoformat(timespec="seconds")
    _record(connector, by, "Replayed Connector", since=start_text)
    _wake(connector)
    return set_back


@transaction.atomic
def delete(connector: Connector, *, by: User | None) -> None:
    _record(connector, by, "Deleted Connector")
    connector.delete()


def send_test_events(connector: Connector, *, by: User | None) -> Answer:
    """Send one made-up event of each type that the connector wants, and return what came of it."""
    uid, now = connector.workspace.uid, timezone.now()
    events = [StreamedEvent(*sample(CATALOGUE[name]), now) for name in _known(connector)]
    envelopes = [envelope(event, workspace_uid=uid) for event in events]
    with outbound.Client() as client:
        answer = call(client, connector, envelopes, timeout=TEST_TIMEOUT_SECONDS)
    _record(connector, by, "Sent Test Events", status=answer.status)
    return answer


def _known(connector: Connector) -> Iterable[str]:
    return [name for name in CATALOGUE if name in connector.event_types]


def _fit_queues(connector: Connector) -> None:
    """Give the connector a queue for each type that it wants, from now on, and no other."""
    connector.queues.exclude(event_type__in=connector.event_types).delete()
    start = outbox.horizon()
    queues = [Queue(connector=connector, event_type=n, xid=start) for n in _known(connector)]
    Queue.objects.bulk_create(queues, ignore_conflicts=True)


def _wake(connector: Connector) -> None:
    for queue in connector.queues.values_list("pk", flat=True):
        transaction.on_commit(partial(waking.hurry, queue))


def _record(connector: Connector, by: User | None, action: str, **detail: Any) -> None:
    audit.record(
        connector.workspace, by, action, connector, connector_id=str(connector.pk), **detail
    )
