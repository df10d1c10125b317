"""Recording what people did: custom events, purchases and sessions."""

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from lib.statements import prepared_cursor
from profiles.models import EventKind
from workspaces.models import Workspace


class EventLike(Protocol):
    """A custom event, a purchase or a session, of whomever."""

    @property
    def kind(self) -> EventKind: ...
    @property
    def name(self) -> str: ...
    @property
    def time(self) -> datetime: ...
    @property
    def app_id(self) -> str: ...
    @property
    def amount(self) -> Decimal | None: ...
    @property
    def properties(self) -> dict[str, Any] | None: ...


class NewEvent(NamedTuple):
    """Something that the profile ``profile_id`` did at ``time``.

    ``name`` names the custom event, the product or the app; ``amount`` is the money spent by a
    purchase, in US dollars; ``app_id`` is the app in which a custom event or purchase happened.
    """

    profile_id: int
    kind: EventKind
    name: str
    time: datetime
    amount: Decimal | None = None
    properties: dict[str, Any] | None = None
    app_id: str = ""


# A time yet to come is taken as now, so that nobody's last event lies ahead. The events come as one
# JSON text: PostgreSQL reads it faster than Python writes out arrays, and as fast as ``COPY``.
# Whose they are comes beside it, in the same order.
INSERT = """
insert into profiles_event
    (workspace_id, profile_id, kind, name, time, app_id, amount, properties)
select %(workspace)s, event.profile_id::bigint, event.kind, event.name,
    least(to_timestamp(event.time), now()), event.app_id, event.amount, event.properties
from rows from (
    json_to_recordset(%(events)s) as (
        kind text, name text, time float, app_id text, amount numeric, properties jsonb
    ),
    json_array_elements_text(%(people)s)
) with ordinality as event (kind, name, time, app_id, amount, properties, profile_id, place)
order by event.place
"""


def spell(events: Iterable[EventLike]) -> str:
    """Return ``events`` as ``record_events`` writes them."""
    rows = [
        {
            "kind": e.kind,
            "name": e.name,
            "time": e.time.timestamp(),
            "app_id": e.app_id,
            "amount": None if e.amount is None else str(e.amount),
            "properties": e.properties or {},
        }
        for e in events
    ]
    return json.dumps(rows, separators=(",", ":"))


def record_events(
    workspace: Workspace, events: Collection[NewEvent], *, spelled: str | None = None
) -> None:
    """Record ``events``, of people who were found in ``workspace``, by one statement.

    ``spelled`` is what ``spell`` gives of them, if that was done before. What happened twice is
    kept twice, as Braze keeps it. The totals of each person follow by trigger. The transaction
    fails in the end where a profile was deleted since it was found.
    """
    if events:
        values: dict[str, Any] = {
            "workspace": workspace.pk,
            "events": spelled or spell(events),
            "people": json.dumps([e.profile_id for e in events]),
        }
        with prepared_cursor() as cursor:
            cursor.execute(INSERT, values)
