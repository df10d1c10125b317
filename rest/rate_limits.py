"""How many calls a workspace may make: a fixed window, counted in the database.

The counts are in an unlogged table: no call waits for a disk, and every web process sees the same
count. A crash of the database loses them.
"""

from dataclasses import dataclass
from time import time

from django.conf import settings
from rest_framework.exceptions import APIException

from lib.statements import prepared_cursor

# The row is there from a workspace's first call on; a new window begins it anew. A call that waited
# for another across the end of a window counts in the new one. A window that begins in the future
# was made by a clock that was wrong: it ends at once.
SPEND = """
insert into workspaces_ratewindow as held (workspace_id, name, starts_at, used)
values (
    %(workspace)s, %(name)s,
    date_bin(make_interval(secs => %(seconds)s), statement_timestamp(), 'epoch'), %(calls)s
)
on conflict (workspace_id, name) do update
    set used = excluded.used + case
            when held.starts_at between excluded.starts_at and clock_timestamp() then held.used
            else 0 end,
        starts_at = case
            when held.starts_at between excluded.starts_at and clock_timestamp() then held.starts_at
            else excluded.starts_at end
returning used, extract(epoch from starts_at)::bigint
"""


class RateLimited(APIException):
    """One call too many. The next may come in ``wait`` seconds."""

    status_code = 429
    default_detail = "Rate Limited"

    def __init__(self, wait: float) -> None:
        super().__init__()
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit after a call. The count ends at ``reset``, in epoch seconds."""

    limit: int
    used: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every answer, as Braze has them."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(self.limit - self.used, 0)),
            "X-RateLimit-Reset": str(self.reset),
        }

    def insist(self) -> None:
        """Raise ``RateLimited`` if the call is one too many."""
        if self.used > self.limit:
            raise RateLimited(max(self.reset - time(), 1))


def spend(workspace_id: int, name: str, *, calls: int = 1) -> Allowance:
    """Count ``calls`` of the workspace against the limit ``name`` of ``settings.RATE_LIMITS``.

    With 0 calls nothing is counted; the answer tells what is left.
    """
    limit, seconds = settings.RATE_LIMITS[name]
    values: dict[str, int | str] = {
        "workspace": workspace_id,
        "name": name,
        "seconds": seconds,
        "calls": calls,
    }
    with prepared_cursor() as cursor:
        cursor.execute(SPEND, values)
        used, starts_at = cursor.fetchone()
    return Allowance(limit, used, starts_at + seconds)
