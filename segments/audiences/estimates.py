"""Sizes, and how far off one may be that was estimated from a part of the people."""

from dataclasses import dataclass
from math import ceil, sqrt

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
