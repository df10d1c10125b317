"""The memory of the portal that served all the calls before.

``web_rss`` is the resident memory of the web process. It holds bitmaps, which grow with the number
of people, up to ``CACHE_BYTES`` of ``segments.audiences.bitmaps``.
"""

from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.figures import Figure

USUAL_USERS = 1_000_000
TARGET_MB = 150


def resident(bench: Bench) -> Iterator[Figure]:
    """Give ``web_rss``."""
    target = TARGET_MB if bench.users <= USUAL_USERS else None
    note = "" if target else f"at {USUAL_USERS:,} users: within {TARGET_MB} MB"
    yield Figure("web_rss", "MB", bench.portal.resident_mb(), target=target, note=note)
