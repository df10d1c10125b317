"""Pages over segments whose bitmaps are known, while people change.

``segment_list_50``: the sizes of 50 segments of two to four filters each, drawn from 34, all in one
snapshot, in this process. Before each round another connection changes ten people and ten
memberships. Median of the rounds. In the note, the list page over HTTP, which shows 25.

``user_lookup``: a user looked up on the page of a segment, as htmx asks: whether they are in and
why, filter by filter with what it saw. Over HTTP, another user each time; the median.
"""

import statistics
from collections.abc import Iterator
from itertools import batched, cycle, islice
from time import perf_counter
from typing import Any

import psycopg

from benchmarks.changes import Changes, cohorts
from benchmarks.worlds import trees
from benchmarks.worlds.bench import Bench
from benchmarks.worlds.browser import ESTIMATED, Browser
from benchmarks.worlds.figures import Figure
from benchmarks.worlds.trees import COUNTRIES, Leaf, group, in_any, leaf
from segments.audiences.people import people_of, sizes
from segments.models import Segment

SEGMENTS = 50
ROUNDS = 40
PAGES = 20
LOOKED_UP = 60
#: What stands around the answer for a user.
VERDICT = "lookup-verdict"


def segment_list(bench: Bench) -> Iterator[Figure]:
    """Give ``segment_list_50``."""
    known = cohorts(bench.workspace, bench.url)
    segments = _segments(bench, known)
    with people_of(bench.workspace) as people:  # until all are exact
        people.prepare([people.tree(segment.pk) for segment in segments])
    path = f"/w/{bench.workspace.slug}/segments/"
    browser = Browser(bench.portal, bench.workspace, f"{path}new/")
    browser.get(path)
    with psycopg.connect(bench.url, autocommit=True) as connection:
        changes = Changes(connection, bench.everyone())
        times = []
        for _ in range(ROUNDS):
            changes.write(known[0])
            started = perf_counter()
            found = sizes(bench.workspace, segments).found
            times.append((perf_counter() - started) * 1000)
            if not all(size and size.exact for size in found.values()):
                raise SystemExit("A size of the list is not exact")
        pages = []
        for _ in range(PAGES):
            changes.write(known[0])
            pages.append(browser.get(path)[0])
    note = f"list page of 25 over HTTP: {statistics.median(pages):.0f} ms"
    yield Figure("segment_list_50", "ms", statistics.median(times), target=100, note=note)


def user_lookup(bench: Bench) -> Iterator[Figure]:
    """Give ``user_lookup``."""
    cohort = cohorts(bench.workspace, bench.url)[0]
    stored = trees.five_leaves(cohort)
    segment = Segment.objects.create(workspace=bench.workspace, name="Looked up", tree=stored)
    path = f"/w/{bench.workspace.slug}/segments/"
    browser = Browser(bench.portal, bench.workspace, f"{path}new/")
    browser.until_exact(f"{path}new/", stored)
    times = []
    for n in range(1, LOOKED_UP + 1):
        user = f"user-{n * (bench.users // LOOKED_UP)}"
        took, text = browser.get(f"{path}{segment.pk}/?user={user}", part="lookup-answers")
        times.append(took)
        if VERDICT not in text or ESTIMATED in text:
            raise SystemExit(f"{user} was not looked up: {text[:2000]}")
    yield Figure("user_lookup", "ms", statistics.median(times), target=30)


def _segments(bench: Bench, known: list[int]) -> list[Segment]:
    """Make the segments, each of the next filters and every fifth with an exclusion."""
    filters = cycle(_filters(known))
    made = []
    for n in range(SEGMENTS):
        chosen = list(islice(filters, 2 + n % 3))
        stored: dict[str, Any] = {
            "join": "all",
            "groups": [group(*part, join="any") for part in batched(chosen, 2)],
            "exclusions": [] if n % 5 else [group(leaf("email_available", "false"))],
        }
        made.append(Segment(workspace=bench.workspace, name=f"Segment {n + 1}", tree=stored))
    return Segment.objects.bulk_create(made)


def _filters(known: list[int]) -> list[Leaf]:
    return [
        *(in_any([pk]) for pk in known[:10]),
        *(leaf("country", "any_of", country) for country in COUNTRIES[:8]),
        *(leaf("custom_number:lifetime_value", "more", 500 * n) for n in range(8)),
        *(leaf("custom_number:logins", "less", 100 + 100 * n) for n in range(8)),
    ]
