"""Sizes, and how they are estimated: from people drawn at random, with how far off one may be."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil, sqrt

from pyroaring import BitMap

from profiles.models import RANDOM_BUCKETS
from segments.audiences.reading import read
from segments.filters.everyone import spread
from workspaces.models import Workspace

#: An estimate looks at about so many people: at 10,000 it is 1 % of everyone off at most, 95 times
#: in 100. A workspace of no more people than this is never estimated.
SLICE_PEOPLE = 10_000
#: How many random buckets are looked at to learn about how many people there are.
PILOT_BUCKETS = 10
#: Standard deviations that hold the true value 95 times in 100.
CONFIDENCE = 1.96


@dataclass(frozen=True, order=True)
class Size:
    """How many people, give or take ``margin``; exact when that is 0."""

    count: int
    margin: int = 0

    @property
    def exact(self) -> bool:
        return not self.margin


def estimated(found: int, looked_at: int, share: float) -> Size | None:
    """Return the size that ``found`` of ``looked_at`` people, drawn at random, speak for.

    None is when nobody was looked at though there may be some.

    ``share`` is which part of everyone they are. The margin is half of the Wilson interval at
    95 %, which is not 0 for a share of 0, less what is known because a good part was looked at.
    """
    if share >= 1:
        return Size(found)
    if not looked_at:
        return None
    part = found / looked_at
    spread = part * (1 - part) / looked_at + CONFIDENCE**2 / (4 * looked_at**2)
    half = CONFIDENCE * sqrt(spread) / (1 + CONFIDENCE**2 / looked_at)
    everyone = looked_at / share
    return Size(round(part * everyone), max(1, ceil(half * everyone * sqrt(1 - share))))


def drawn(workspace: Workspace, now: datetime, everyone: BitMap | None) -> tuple[BitMap, float]:
    """Draw about ``SLICE_PEOPLE`` by their random buckets; return them, and which part of everyone
    they are.

    Where ``everyone`` is not known, a few buckets tell about how many there are.
    """
    buckets = PILOT_BUCKETS
    if everyone is None:
        pilot = _in_buckets(workspace, now, PILOT_BUCKETS)
        buckets = PILOT_BUCKETS * SLICE_PEOPLE // max(len(pilot), 1)
    elif everyone:
        buckets = RANDOM_BUCKETS * SLICE_PEOPLE // len(everyone)
    buckets = min(max(buckets, 1), RANDOM_BUCKETS)
    part = _in_buckets(workspace, now, buckets)
    return part, len(part) / len(everyone) if everyone else buckets / RANDOM_BUCKETS


def _in_buckets(workspace: Workspace, now: datetime, buckets: int) -> BitMap:
    return read([spread(buckets).query(workspace, now)])[0]
