"""Telling what changed about people, in the transaction in which it changes.

Whoever writes profiles tells it here, and nowhere else. Rooms that want to know have a module
``people_listeners``, found at start-up, which enters a ``Listener``: the event streams are one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from profiles.events import NewEvent
from workspaces.models import Workspace

#: The columns of ``Profile`` that tell a listener who a person is.
IDENTITY = ("braze_id", "external_id", "time_zone")
#: By profile id, the values of ``IDENTITY``.
type Identities = Mapping[int, Sequence[str]]


class Source(StrEnum):
    """What changed people."""

    REST_API = "REST API"
    DASHBOARD = "Dashboard"
    CSV_IMPORT = "CSV Import"


@dataclass(frozen=True, slots=True)
class News:
    """What changed, by profile ids: events that were recorded, columns that were set, also to what
    they were before, and groups that were joined or left.
    """

    events: Collection[NewEvent] = ()
    columns: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    groups: Mapping[tuple[UUID, int], bool] = field(default_factory=dict)


class Hearing(Protocol):
    """A listener in one transaction, which knows what of the workspace's news is wanted."""

    def wants(self, columns: Iterable[str]) -> bool:
        """Tell whether news of any of these columns is wanted."""

    def hear(self, news: News, *, source: Source, people: Identities) -> None:
        """Take in ``news``. ``people`` holds those whose identity the writer has read already."""


class Listener(Protocol):
    """What wants to know of changes. It writes what it makes of them in the same transaction."""

    def concerns(self, news: News) -> bool:
        """Tell whether a workspace might want any of ``news``, without asking the database."""

    def listen(self, workspace: Workspace) -> Hearing:
        """Ask what is wanted of ``workspace``. The answer need not be awaited yet."""


LISTENERS: list[Listener] = []


def register(listener: Listener) -> None:
    LISTENERS.append(listener)


class Hearings:
    """The listeners of one transaction. ``people`` may be filled with who people are, as far as the
    writer has read that.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.people: dict[int, Sequence[str]] = {}
        self._workspace = workspace
        self._known: dict[Listener, Hearing] = {}

    def ask(self) -> None:
        """Ask all listeners now what is wanted, and not only those that the news concern."""
        for listener in LISTENERS:
            self._of(listener)

    def want(self, columns: Collection[str]) -> bool:
        """Tell whether a listener wants news of any of ``columns``."""
        return any(self._of(listener).wants(columns) for listener in LISTENERS)

    def tell(self, news: News, *, source: Source) -> None:
        """Tell ``news`` to each listener that they may concern. The events are recorded already."""
        for listener in LISTENERS:
            if listener.concerns(news):
                self._of(listener).hear(news, source=source, people=self.people)

    def _of(self, listener: Listener) -> Hearing:
        if listener not in self._known:
            self._known[listener] = listener.listen(self._workspace)
        return self._known[listener]


def tell(workspace: Workspace, news: News, *, source: Source) -> None:
    """Tell the listeners ``news``, of a transaction that asked nothing of them before."""
    Hearings(workspace).tell(news, source=source)


def concern(news: News) -> bool:
    """Tell whether ``news`` may be wanted by any listener, without asking the database."""
    return any(listener.concerns(news) for listener in LISTENERS)
