"""Reading people by the REST API.

``export_ids_50``: ``/users/export/ids`` with 50 external ids and no ``fields_to_export``, which is
all fields, of people with 20 events on average. Over HTTP on a connection kept alive, other people
each time; the median. In the note, how many statements one such call takes.
"""

import json
import random
import statistics
from collections.abc import Iterator

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.portal import timed
from profiles.seeding import seed_events
from workspaces.api_keys import generate_api_key

PATH = "/users/export/ids"
CALL = 50
CALLS = 60
EVENTS_EACH = 20
#: How many people have events, from whom those of the calls are drawn.
ACTIVE = 5_000


def export_ids(bench: Bench) -> Iterator[Figure]:
    """Give ``export_ids_50``."""
    active = min(ACTIVE, bench.users)
    seed_events(bench.workspace, active, EVENTS_EACH)
    permissions = ["users.export.ids"]
    key, secret = generate_api_key(bench.workspace, name="export_ids", permissions=permissions)
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    web, chance = bench.portal.connect(), random.Random(1)
    times = []
    for _ in range(CALLS):
        body = json.dumps({"external_ids": _drawn(chance, active)}).encode()
        took, text = timed(web, "POST", PATH, body, headers, expect=201)
        if len(json.loads(text)["users"]) != CALL:
            raise SystemExit(f"Not all of {CALL} users were exported")
        times.append(took)
    statements = _statements({"external_ids": _drawn(chance, active)}, headers["Authorization"])
    key.delete()
    note = f"{statements} statements"
    yield Figure("export_ids_50", "ms", statistics.median(times), target=50, note=note)


def _drawn(chance: random.Random, users: int) -> list[str]:
    return [f"user-{n}" for n in chance.sample(range(1, users + 1), CALL)]


def _statements(body: dict[str, list[str]], authorization: str) -> int:
    """Return how many statements a call takes, in this process."""
    with CaptureQueriesContext(connection) as queries:
        Client().post(PATH, body, "application/json", headers={"Authorization": authorization})
    return len(queries)
