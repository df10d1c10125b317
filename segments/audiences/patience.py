"""How long a reader waits for leaves that are not ready, and which ones were slow before.

A page has little time: what takes longer is built by a job. A job waits for every leaf.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

from django.db import OperationalError, connection, transaction

from segments.filters.base import Filter, NotReady

#: No filter may hold a page for longer, and none a job.
STATEMENT_TIMEOUT_MS = 20_000
JOB_TIMEOUT_MS = 120_000
#: What a page gives to leaves which are not ready, before it answers with estimates.
PAGE_SECONDS = 0.1
#: What a page gives to the leaves which are ready but for what changed since.
CATCH_UP_SECONDS = 0.1
#: A leaf that took longer than a page could wait is not tried again within a page for so long.
SLOW_FOR_SECONDS = 600.0
MOST_SLOW = 10_000
#: What a page gives to another value of a filter of which one was slow so short a time ago:
#: most likely it is slow too, and the time is better spent on its estimate.
SHORT_TRY_SECONDS = 0.03
LATELY_SECONDS = 60.0
#: What a page gives to all its estimates; but less, though not below ``LESS_SECONDS``, where
#: with the leaves tried before it would have its numbers later than after ``ANSWER_SECONDS``.
SLICE_SECONDS = 0.2
LESS_SECONDS = 0.15
ANSWER_SECONDS = 0.25
#: With less time than this nothing new is begun.
LEAST_SECONDS = 0.02
#: What a page gives to all leaves of a workspace too small for estimates: only a regular
#: expression made to be slow takes so long.
SMALL_SECONDS = 0.3
#: What a page gives to all that it asks of a few people alone.
ALONE_SECONDS = 0.2

#: What took longer than a page could wait, and until when that is believed: leaves by name, and by
#: workspace, filter and operator what is alike.
_slow: dict[str, float] = {}


class Patience:
    """The time that one reader has: ``within`` seconds for what is not ready; None is any time."""

    def __init__(self, within: float | None) -> None:
        self._begun = monotonic()
        self._deadline = None if within is None else self._begun + within
        self._small_left = SMALL_SECONDS

    def left(self) -> float | None:
        """Return how many seconds are left, below 0 where time is up; None is any number."""
        return None if self._deadline is None else self._deadline - monotonic()

    def for_a_lock(self) -> float:
        """Return likewise, as a lock takes its timeout: not below 0, and -1 is any number."""
        left = self.left()
        return -1.0 if left is None else max(left, 0.0)

    def for_estimates(self) -> float:
        """Return how many seconds all estimates of the reader may take together from now on."""
        to_answer = self._begun + ANSWER_SECONDS - monotonic()
        return min(max(to_answer, LESS_SECONDS), SLICE_SECONDS)

    @contextmanager
    def to_catch_up(self) -> Iterator[None]:
        """Bound the time of catching up inside: it ends when time is up, and nothing is raised."""
        left = self.left()
        if left is None:
            yield
            return
        bound = statement_timeout(max(left, CATCH_UP_SECONDS))
        with suppress(OperationalError), transaction.atomic(), bound:
            yield

    @contextmanager
    def to_read(
        self, item: Filter, name: str, alike: str, *, large: Callable[[], bool]
    ) -> Iterator[None]:
        """Bound the time of reading the leaf ``name`` of ``item`` inside; remember if it is slow.

        ``alike`` names the filters that differ in their value alone. In a workspace that is not
        ``large``, where no estimate could stand in, all leaves share ``SMALL_SECONDS``: it is asked
        only where time is bounded. Raises ``NotReady`` when time is up.
        """
        if self._deadline is None:
            with transaction.atomic():
                yield
            return
        begun = monotonic()
        left = self._deadline - begun if large() else self._small_left
        if left < LEAST_SECONDS or _slow.get(name, 0.0) > begun:
            raise NotReady(item)
        if _slow.get(alike, 0.0) > begun:
            left = min(left, SHORT_TRY_SECONDS)
        try:
            with transaction.atomic(), statement_timeout(left):
                yield
        except OperationalError as error:
            _note_slow(name, alike)
            raise NotReady(item) from error
        finally:
            self._small_left -= monotonic() - begun


def _note_slow(name: str, alike: str) -> None:
    if len(_slow) > MOST_SLOW:
        _slow.clear()
    now = monotonic()
    _slow[name], _slow[alike] = now + SLOW_FOR_SECONDS, now + LATELY_SECONDS


@contextmanager
def statement_timeout(seconds: float | None) -> Iterator[None]:
    """Cancel a statement inside that takes longer; None leaves the time as it is."""
    if seconds is None:
        yield
        return
    with connection.cursor() as cursor:
        set_timeout = "select set_config('statement_timeout', %s, true)"
        cursor.execute(set_timeout, [str(max(1, int(seconds * 1000)))])
        yield
        cursor.execute(set_timeout, [str(STATEMENT_TIMEOUT_MS)])
