"""Recording what people did: custom events, purchases and sessions."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from profiles.models import EventKind
from workspaces.models import Workspace


@dataclass(frozen=True)
class NewEvent:
    """Something that the profile ``profile_id`` did at ``time``.

    ``name`` names the custom event, the product or the app; ``amount`` is the money spent by a
    purchase, in US dollars; ``app_id`` is the app in which a custom event or purchase happened.
    """

    profile_id: int
    kind: EventKind
    name: str
    time: datetime
    amount: Decimal | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    app_id: str = ""


# A time yet to come is taken as now, so that nobody's last event lies ahead. The events come as one
# JSON text: PostgreSQL reads it faster than Python writes out arrays.
INSERT = """
insert into profiles_event
    (workspace_id, profile_id, kind, name, time, app_id, amount, properties)
select profile.workspace_id, profile.id, event.kind, event.name, least(event.time, now()),
    event.app_id, event.amount, event.properties
from rows from (
    json_to_recordset(%s) as (
        profile_id bigint, kind text, name text, time timestamptz, app_id text, amount numeric,
        properties jsonb
    )
) with ordinality as event
    (profile_id, kind, name, time, app_id, amount, properties, place)
join profiles_profile as profile
    on profile.id = event.profile_id and profile.workspace_id = (select %s::bigint)
order by event.place
"""


def record_events(workspace: Workspace, events: Iterable[NewEvent]) -> int:
    """Record ``events`` by one statement; return how many there were of people of ``workspace``.

    Those of others are left out. What happened twice is kept twice, as Braze keeps it. The totals
    of each person follow by trigger.
    """
    rows = [
        {
            "profile_id": e.profile_id,
            "kind": e.kind,
            "name": e.name,
            "time": e.time.isoformat(),
            "app_id": e.app_id,
            "amount": None if e.amount is None else str(e.amount),
            "properties": e.properties,
        }
        for e in events
    ]
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [json.dumps(rows), workspace.pk])
        return int(cursor.rowcount)
