"""Pages of a list that may have millions of rows: it is counted up to a bound, not to its end."""

from functools import cached_property

from django.core.paginator import Paginator
from django.db.models import QuerySet

#: How many rows can be turned to. What lies beyond is found by narrowing the list.
MOST_ROWS = 10_000


class BoundedPaginator(Paginator):
    """Pages over the first ``MOST_ROWS`` of the rows of a query."""

    object_list: QuerySet

    @cached_property
    def _found(self) -> int:
        # As a subquery, so that the database stops there.
        return self.object_list.order_by().values("pk")[: MOST_ROWS + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._found, MOST_ROWS)

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than can be turned to."""
        return self._found > MOST_ROWS
