"""Throwing away what is left of a body that is too large.

Whoever is still sending when the connection closes does not get to read why it was.
"""

from typing import Any

MOST = 64 * 2**20
PART = 2**16


def drain(stream: Any) -> None:
    """Read ``stream`` to its end, or as far as ``MOST`` bytes, and keep nothing of it."""
    for _part in range(MOST // PART):
        if not stream.read(PART):
            return
