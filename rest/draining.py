"""Throwing away what is left of a body that is too large.

A caller who is still sending when the connection closes cannot read the answer.
"""

from typing import Any

MOST_BYTES = 64 * 2**20
PART_BYTES = 2**16


def drain(stream: Any) -> None:
    """Read ``stream`` to its end, or as far as ``MOST_BYTES``, and keep nothing of it."""
    for _part in range(MOST_BYTES // PART_BYTES):
        if not stream.read(PART_BYTES):
            return
