"""Recording what people did: custom events, purchases and sessions."""

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from profiles.models import EventKind
from workspaces.models import Workspace


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
INSERT = """
insert into profiles_event
    (workspace_id, profile_id, kind, name, time, app_id, amount, properties)
select %s, event.profile_id, event.kind, event.name, least(event.time, now()),
    event.app_id, event.amount, event.properties
from rows from (
    json_to_recordset(%s) as (
        profile_id bigint, kind text, name text, time timestamptz, app_id text, amount numeric,
        properties jsonb
    )
) with ordinality as event
    (profile_id, kind, name, time, app_id, amount, properties, place)
order by event.place
"""


def record_events(workspace: Workspace, events: Iterable[NewEvent]) -> None:
    """Record ``events``, of people who were found in ``workspace``, by one statement.

    What happened twice is kept twice, as Braze keeps it. The totals of each person follow by
    trigger. The transaction fails in the end where somebody was deleted since they were found.
    """
    rows = [
        {
            "profile_id": e.profile_id,
            "kind": e.kind,
            "name": e.name,
            "time": e.time.isoformat(),
            "app_id": e.app_id,
            "amount": None if e.amount is None else str(e.amount),
            "properties": e.properties or {},
        }
        for e in events
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [workspace.pk, json.dumps(rows)])
