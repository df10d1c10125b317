"""How connectors are doing: what their page and their list show."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from currents.models import Connector, Queue
from currents.types.base import label_of
from lib.statements import Statements
from workspaces.models import AuditEntry, Workspace

statements = Statements.beside(__file__)


@dataclass(frozen=True)
class QueueHealth:
    """A queue, the events that wait in it, and for how many seconds the first of them has."""

    queue: Queue
    waiting: int
    seconds: float

    @property
    def label(self) -> Any:
        return label_of(self.queue.event_type)

    @property
    def lost(self) -> int:
        return self.queue.refused + self.queue.oversized + self.queue.expired


@dataclass
class ConnectorHealth:
    """A connector with its queues. ``seconds`` is the lag: how long the oldest event waits."""

    connector: Connector
    queues: list[QueueHealth] = field(default_factory=list)

    @property
    def waiting(self) -> int:
        return sum(each.waiting for each in self.queues)

    @property
    def seconds(self) -> float:
        return max((each.seconds for each in self.queues), default=0)

    @property
    def delivered(self) -> int:
        return sum(each.queue.delivered for each in self.queues)

    @property
    def lost(self) -> int:
        return sum(each.lost for each in self.queues)

    @property
    def last_success_at(self) -> datetime | None:
        times = (each.queue.last_success_at for each in self.queues)
        return max((time for time in times if time), default=None)

    @property
    def retry_at(self) -> datetime | None:
        times = (each.queue.retry_at for each in self.queues)
        return min((time for time in times if time), default=None)


@dataclass(frozen=True)
class Hour:
    at: datetime
    events: int
    batches: int


def connectors_of(workspace: Workspace) -> list[ConnectorHealth]:
    connectors = Connector.objects.in_workspace(workspace)
    found = {each.pk: ConnectorHealth(each) for each in connectors}
    waiting = {queue: rest for queue, *rest in statements.rows("queues", workspace=workspace.pk)}
    for queue in Queue.objects.filter(connector__workspace=workspace):
        # One that was made between the two looks has nothing waiting yet.
        events, seconds = waiting.get(queue.pk, (0, 0.0))
        if queue.connector_id in found:
            found[queue.connector_id].queues.append(QueueHealth(queue, events, seconds))
    return list(found.values())


def connector_health(connector: Connector) -> ConnectorHealth:
    known = connectors_of(connector.workspace)
    return next((each for each in known if each.connector == connector), ConnectorHealth(connector))


def hours(connector: Connector) -> list[Hour]:
    """Return the last 24 hours, the oldest first, with what was delivered in each."""
    return [Hour(*row) for row in statements.rows("hours", connector=connector.pk)]


@dataclass(frozen=True)
class Edit:
    """What was done with a connector, and the names on the form of what that changed."""

    entry: AuditEntry
    changed: list[Any]


def edits(connector: Connector, most: int) -> list[Edit]:
    entries = AuditEntry.objects.in_workspace(connector.workspace)
    entries = entries.filter(detail__connector_id=str(connector.pk)).select_related("actor")
    return [
        Edit(entry, [_label(name) for name in entry.detail.get("fields", ())])
        for entry in entries[:most]
    ]


def _label(name: str) -> Any:
    if name == "token":
        return _("bearer token")
    labels: Any = {field.name: field.verbose_name for field in Connector._meta.fields}
    return labels.get(name, name)
