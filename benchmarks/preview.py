"""``preview_5_filters_p95``: how long the segment builder takes to show new numbers.

A marketer has five filters in the builder: a cohort and four attributes, one of each kind of
value. Each time one filter, in turn, gets a value that nobody has asked for before; the browser
posts the form and gets the sizes of the whole, of every group and filter, and a sample of people.
The 95th percentile, over HTTP, of what htmx would wait for. A new filter that takes longer than a
page may wait for is answered by estimates.

``preview_exact_after``: how long until all numbers are exact, from the same edit, asked again every
100 ms; the 95th percentile.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.changes import cohorts
from benchmarks.worlds.bench import Bench
from benchmarks.worlds.browser import Browser
from benchmarks.worlds.figures import Figure, percentile
from benchmarks.worlds.trees import COUNTRIES, Leaf, group, in_any, leaf

EDITS = 60
FILTERS = 5


def measure(bench: Bench) -> Iterator[Figure]:
    """Give ``preview_5_filters_p95`` and ``preview_exact_after``."""
    page = f"/w/{bench.workspace.slug}/segments/new/"
    browser = Browser(bench.portal, bench.workspace, page)
    first, *edits = _drafts(cohorts(bench.workspace, bench.url))
    browser.until_exact(page, first)  # five new filters at once
    times = [browser.until_exact(page, draft) for draft in edits]
    estimated = sum(exact > answer + 50 for answer, exact in times)
    yield Figure(
        "preview_5_filters_p95",
        "ms",
        percentile((answer for answer, _exact in times), 0.95),
        target=300,
        note=f"{estimated} of {len(times)} answered by estimates",
    )
    yield Figure("preview_exact_after", "ms", percentile((exact for _, exact in times), 0.95))


def _drafts(known: Sequence[int]) -> Iterator[dict[str, Any]]:
    """The five filters, then again and again with a new value in the next one of them."""
    draft = _values(0, known)
    yield _tree(draft)
    for turn in range(EDITS):
        n, at = turn // FILTERS + 1, turn % FILTERS
        draft[at] = _values(n, known)[at]
        yield _tree(draft)


def _values(n: int, known: Sequence[int]) -> list[Leaf]:
    return [
        in_any([known[n]]),
        leaf("country", "any_of", "US", COUNTRIES[n + 1]),
        leaf("custom_number:lifetime_value", "more", 100 + n),
        leaf("custom_array:interests", "includes_any", "analytics", f"new-{n}"),
        leaf("custom_time:last_login", "less_ago", 60 + n),
    ]


def _tree(filters: list[Leaf]) -> dict[str, Any]:
    return {"join": "all", "groups": [group(*filters)], "exclusions": []}
