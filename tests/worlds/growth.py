"""How the time and the memory of some work grow with what it is given."""

import tracemalloc
from collections.abc import Callable
from time import process_time
from typing import Any

MOST_GROWTH = 2.5
TRIES = 5


def grows_in_proportion(work: Callable[[Any], object], make: Callable[[int], Any], n: int) -> bool:
    """Tell whether ``work`` takes at most ``MOST_GROWTH`` times as long on ``make(2 * n)`` as on
    ``make(n)``: of processor time, the best of a few tries each.
    """
    once, twice = make(n), make(2 * n)
    shortest = {id(once): float("inf"), id(twice): float("inf")}
    for _ in range(TRIES):
        for given in (once, twice):
            started = process_time()
            work(given)
            shortest[id(given)] = min(shortest[id(given)], process_time() - started)
        if shortest[id(twice)] <= MOST_GROWTH * shortest[id(once)]:
            return True
    return False


def peak_bytes(work: Callable[[], object]) -> int:
    """Return the most memory that Python held while doing ``work``, over what it held before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
