"""When rows were last written, told from the marks that they carry.

A mark is a transaction, which has no time. So each minute it is noted which transactions are over:
a row with a mark at or above a tick's was written after that tick, or while it was noted.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from profiles.changes import TRACES_KEPT
from profiles.models import Tick

#: How old an answer may be that is told apart.
STEPS = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 6 * 60, 24 * 60, 3 * 24 * 60)
)
#: For so long each minute is kept, then each hour.
MINUTES_KEPT = timedelta(hours=2)


def tick() -> None:
    """Note which transactions are over, and forget what no step needs."""
    Tick.objects.create()
    now = timezone.now()
    past = Tick.objects.filter(at__lt=now - MINUTES_KEPT)
    past.exclude(at__minute=0).delete()
    past.filter(at__lt=now - TRACES_KEPT).delete()


def steps() -> list[tuple[datetime, int]]:
    """Return the newest tick that is as old as each of ``STEPS``, the newest first: its time, and
    the transaction below which all were over.
    """
    now = timezone.now()
    ticks = list(Tick.objects.order_by("-at").values_list("at", "over"))
    found = [next((tick for tick in ticks if tick[0] <= now - step), None) for step in STEPS]
    return list(dict.fromkeys(tick for tick in found if tick))
