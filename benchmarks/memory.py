"""The memory of the portal that served all the calls before, and of what needs most of it.

``web_rss`` is the resident memory of the web process. It holds bitmaps, which grow with the number
of people, up to ``CACHE_BYTES`` of ``segments.audiences.bitmaps``.

``look_peak`` is the most that a process of its own held while it built and stored 150 bitmaps for
one look, and sized 50 segments of them; ``daily_peak`` likewise while it recorded the daily sizes
of 150 segments over them.
"""

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.changes import cohorts
from benchmarks.leaves import many_kinds
from benchmarks.worlds.bench import Bench, forget_bitmaps
from benchmarks.worlds.figures import Figure
from benchmarks.worlds.trees import group, leaf
from segments.models import Segment

USUAL_USERS = 1_000_000
MOST_USERS = 5_000_000
TARGET_MB = 150
WEB_MB = 250
WORKER_MB = 300
LOOKED_AT = 150
ON_A_PAGE = 50

BEGIN = """
import django
django.setup()
from benchmarks.worlds.database import WORKSPACE
from segments.audiences.people import people_of
from segments.models import Segment
from segments.sizes.daily import record_sizes
from workspaces.models import Workspace
workspace = Workspace.objects.get(slug=WORKSPACE)
"""
LOOK = f"""
with people_of(workspace) as people:
    ids = Segment.objects.in_workspace(workspace).values_list("pk", flat=True)
    trees = [people.tree(pk) for pk in ids]
    people.prepare(trees)
    for tree in trees[:{ON_A_PAGE}]:
        people.size(tree)
"""
RECORD = """
record_sizes(workspace)
"""
END = """
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak)
"""


def resident(bench: Bench) -> Iterator[Figure]:
    """Give ``web_rss``."""
    target = TARGET_MB if bench.users <= USUAL_USERS else None
    note = "" if target else f"at {USUAL_USERS:,} users: within {TARGET_MB} MB"
    yield Figure("web_rss", "MB", bench.portal.resident_mb(), target=target, note=note)


def peaks(bench: Bench) -> Iterator[Figure]:
    """Give ``look_peak`` and ``daily_peak``."""
    known = cohorts(bench.workspace, bench.url)
    other = leaf("country", "any_of", "US", "FR", "GB")
    made = Segment.objects.bulk_create(
        Segment(
            workspace=bench.workspace,
            name=f"peak {number}",
            tree={"join": "all", "groups": [group(item, other, join="any")]},
        )
        for number, item in enumerate([*many_kinds(known)][:LOOKED_AT])
    )
    note = f"{LOOKED_AT} bitmaps"
    try:
        forget_bitmaps()
        yield Figure("look_peak", "MB", _peak(LOOK), target=_bound(bench, WEB_MB), note=note)
        forget_bitmaps()
        yield Figure("daily_peak", "MB", _peak(RECORD), target=_bound(bench, WORKER_MB), note=note)
    finally:
        Segment.objects.filter(pk__in=[each.pk for each in made]).delete()


def _bound(bench: Bench, megabytes: int) -> int | None:
    return megabytes if bench.users <= MOST_USERS else None


def _peak(work: str) -> float:
    """Do ``work`` in a process of its own; return the most memory that it held, in megabytes."""
    ran = subprocess.run(
        [sys.executable, "-c", BEGIN + work + END], check=True, stdout=subprocess.PIPE, text=True
    )
    return int(ran.stdout.split()[-1]) / 1000
