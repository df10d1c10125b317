"""Leaves of a few people: what has no bitmap yet is asked of these people alone."""

from collections.abc import Callable, Collection
from contextlib import suppress
from itertools import batched

from django.db import DatabaseError, OperationalError, transaction
from pyroaring import BitMap

from segments.audiences import reading
from segments.audiences.leaves import Leaves
from segments.audiences.patience import LEAST_SECONDS, Patience, statement_timeout
from segments.filters.base import Filter, NotReady, Query

#: How many filters are asked in one statement: PostgreSQL plans 300 filters in 35 ms together, and
#: in 29 ms 100 at a time.
ASKED_AT_ONCE = 100


class LeavesAmong:
    """The leaves of ``whole`` narrowed to the people ``ids``.

    ``within`` is how many seconds all filters may take that have no bitmap; None is any number.
    """

    #: An estimate would be one of a few people.
    is_large = False

    def __init__(self, whole: Leaves, ids: BitMap, within: float | None) -> None:
        self.workspace = whole.workspace
        self.now = whole.now
        self.name_of = whole.name_of
        self.waiting: dict[str, Filter] = {}
        self._patience = Patience(within)
        self.whole = whole
        self._bitmaps: dict[str, BitMap] = {}
        self._ids = ids

    def everyone(self) -> BitMap:
        return self._ids

    def leaf(self, item: Filter) -> BitMap:
        name = self.name_of(item)
        if name in self.whole.bitmaps:
            return self.whole.bitmaps[name] & self._ids
        if name in self.waiting:
            raise NotReady(item)
        if name not in self._bitmaps:
            try:
                self._bitmaps[name] = self._asked(item)
            except OperationalError as error:
                self.waiting[name] = item
                raise NotReady(item) from error
        return self._bitmaps[name]

    def prepare(self, wanted: dict[str, Filter]) -> None:
        """Ask about all leaves ``wanted``, by name, in a few statements."""
        tests, queries = {}, {}
        for name, item in wanted.items():
            if name in self.whole.bitmaps:
                continue
            if test := item.test(self.now):
                tests[name] = test
            else:
                queries[name] = item.query(self.workspace, self.now)
        self._ask(tests, lambda some: reading.tested(some, self._ids))
        self._ask(queries, lambda some: reading.read_among(some, self._ids))

    def _ask(
        self, asked: dict[str, Query], read: Callable[[Collection[Query]], list[BitMap]]
    ) -> None:
        """Read what is ``asked``, ``ASKED_AT_ONCE`` filters a statement; those of one statement in
        vain if one of them cannot be answered.

        A statement may take half of the time that is left: the rest is for asking one by one.
        """
        for part in batched(asked.items(), ASKED_AT_ONCE):
            left = self._patience.left()
            half = None if left is None else left / 2
            with suppress(DatabaseError), transaction.atomic(), statement_timeout(half):
                found = read([query for _name, query in part])
                self._bitmaps |= zip((name for name, _query in part), found, strict=True)

    def _asked(self, item: Filter) -> BitMap:
        left = self._patience.left()
        if left is not None and left < LEAST_SECONDS:
            raise NotReady(item)
        with transaction.atomic(), statement_timeout(left):
            return reading.read([self._narrowed(item)])[0]

    def _narrowed(self, item: Filter) -> Query:
        return reading.narrowed(item.query(self.workspace, self.now), self._ids)
