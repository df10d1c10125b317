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
    purchase, in US dollars.
    """

    profile_id: int
    kind: EventKind
    name: str
    time: datetime
    amount: Decimal | None = None
    properties: dict[str, Any] = field(default_factory=dict)


# A time yet to come is taken as now, so that nobody's last event lies ahead.
INSERT = """
insert into profiles_event (workspace_id, profile_id, kind, name, time, amount, properties)
select profile.workspace_id, profile.id, event.kind, event.name, least(event.time, now()),
    event.amount, event.properties
from unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::numeric[], %s::jsonb[])
    with ordinality as event (profile_id, kind, name, time, amount, properties, place)
join profiles_profile as profile on profile.id = event.profile_id and profile.workspace_id = %s
order by event.place
"""


def record_events(workspace: Workspace, events: Iterable[NewEvent]) -> int:
    """Record ``events`` by one statement; return how many there were of people of ``workspace``.

    Those of others are left out. What happened twice is kept twice, as Braze keeps it. The totals
    of each person follow by trigger.
    """
    rows = [
        (e.profile_id, str(e.kind), e.name, e.time, e.amount, json.dumps(e.properties))
        for e in events
    ]
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [*map(list, zip(*rows, strict=True)), workspace.pk])
        return int(cursor.rowcount)
