"""Reading people: by the REST API, and one on a page.

``export_ids_50``: ``/users/export/ids`` with 50 external ids and no ``fields_to_export``, which is
all fields, of people with 20 events on average. Over HTTP on a connection kept alive, other people
each time; the median. In the note, how many statements one such call takes.

``person_page``: a person's page as a marketer opens it, with all that the person did, and with 200
segments of two to four filters each, of which none has a bitmap: 300 filters over countries, custom
attributes, cohorts and events. Over HTTP, another person each time; the median.
"""

import json
import random
import statistics
from collections.abc import Iterator
from itertools import batched, combinations, cycle, islice, product

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.changes import cohorts
from benchmarks.worlds.bench import Bench
from benchmarks.worlds.browser import Browser
from benchmarks.worlds.figures import Figure
from benchmarks.worlds.portal import timed
from benchmarks.worlds.trees import COUNTRIES, Leaf, group, in_any, leaf
from profiles.fake.events import EVENTS
from profiles.fake.seeding import seed_events
from segments.models import Segment
from workspaces.api_keys.keys import generate_api_key

PATH = "/users/export/ids"
CALL = 50
CALLS = 60
EVENTS_EACH = 20
#: How many people have events, from whom those of the calls are drawn.
ACTIVE = 5_000
SEGMENTS = 200
EACH = 50
PAGES = 60
#: What stands beside a segment of which the page cannot tell whether somebody is in it.
UNKNOWN = "This cannot be told now"


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


def person_page(bench: Bench) -> Iterator[Figure]:
    """Give ``person_page``."""
    active = min(ACTIVE, bench.users)
    seed_events(bench.workspace, active, EVENTS_EACH)
    segments = _segments(bench, cohorts(bench.workspace, bench.url))
    path = f"/w/{bench.workspace.slug}"
    browser = Browser(bench.portal, bench.workspace, f"{path}/segments/new/")
    names = [f"user-{n}" for n in random.Random(1).sample(range(1, active + 1), PAGES)]
    people = bench.workspace.profiles.filter(external_id__in=names)
    times = []
    for braze_id in people.values_list("braze_id", flat=True):
        took, text = browser.get(f"{path}/users/{braze_id}/")
        if UNKNOWN in text or text.count("Page segment ") != SEGMENTS:
            raise SystemExit(f"Not all segments of {braze_id} were answered")
        times.append(took)
    Segment.objects.filter(pk__in=[segment.pk for segment in segments]).delete()
    yield Figure("person_page", "ms", statistics.median(times), target=100)


def _segments(bench: Bench, known: list[int]) -> list[Segment]:
    """Make the segments, each of the next filters, so that all are used twice."""
    filters = cycle(_filters(known))
    made = []
    for n in range(SEGMENTS):
        groups = [group(*part, join="any") for part in batched(islice(filters, 2 + n % 3), 2)]
        stored = {"join": "all", "groups": groups, "exclusions": []}
        made.append(Segment(workspace=bench.workspace, name=f"Page segment {n}", tree=stored))
    return Segment.objects.bulk_create(made)


def _filters(known: list[int]) -> Iterator[Leaf]:
    """Give 300 filters, all different, those of one kind never side by side."""
    countries, pairs = combinations(COUNTRIES, 2), combinations(known, 2)
    events = product(range(EACH), EVENTS)
    for n in range(1, EACH + 1):
        times, event = next(events)
        yield leaf("country", "any_of", *next(countries))
        yield leaf("custom_number:lifetime_value", "more", 100 * n)
        yield in_any(next(pairs))
        yield leaf("custom_time:last_login", "less_ago", n)
        yield leaf(f"custom_event:{event}", "more", times)
        yield leaf(f"custom_event:{event}", "days_more", times, 30)


def _drawn(chance: random.Random, users: int) -> list[str]:
    return [f"user-{n}" for n in chance.sample(range(1, users + 1), CALL)]


def _statements(body: dict[str, list[str]], authorization: str) -> int:
    """Return how many statements a call takes, in this process."""
    with CaptureQueriesContext(connection) as queries:
        Client().post(PATH, body, "application/json", headers={"Authorization": authorization})
    return len(queries)
