"""Refused calls that are alike: the first few of a minute are lines of the ledger, others a count.

Each process remembers which lines it wrote, and has its own few samples. The count is a column of
the last of them.
"""

from dataclasses import dataclass
from threading import Lock
from time import monotonic

from lib.statements import Statements

statements = Statements.beside(__file__, prepared=True)
#: How many calls that are alike have lines of their own, in windows of ``SECONDS``.
SAMPLES = 3
SECONDS = 60
#: Of so many kinds of calls are lines remembered; beyond that all begin anew.
KINDS = 1000


@dataclass(frozen=True, slots=True)
class Alike:
    """What refused calls have in common; of ``key_id`` None no Data Import Key is known."""

    address: str | None
    #: The slug of the partner that was called.
    partner: str
    key_id: int | None
    call: str
    status: int
    #: As the ledger keeps it.
    reason: str


_lock = Lock()
_lines: dict[Alike, list[int]] = {}
_ends = 0.0


def is_counted(alike: Alike) -> bool:
    """Add a call to the count on the last of its samples; return False if it needs a line."""
    with _lock:
        lines = list(_of_this_minute().get(alike, ()))
    if len(lines) < SAMPLES:
        return False
    return statements.count("repeat", line=lines[-1], key=alike.key_id, reason=alike.reason) == 1


def note(alike: Alike, line: int) -> None:
    """Remember the id of the line that a call has in the ledger."""
    with _lock:
        lines = _of_this_minute()
        if len(lines) >= KINDS:
            lines.clear()
        lines.setdefault(alike, []).append(line)


def forget() -> None:
    """Know of no lines."""
    with _lock:
        _lines.clear()


def _of_this_minute() -> dict[Alike, list[int]]:
    global _ends  # noqa: PLW0603 - one window for the process, as its lines are
    if monotonic() > _ends:
        _lines.clear()
        _ends = monotonic() + SECONDS
    return _lines
