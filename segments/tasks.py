"""What is done for audiences by night."""

from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from segments import bitmaps

#: A bitmap that nobody stored anew for so long is built again when it is asked for.
UNUSED_FOR = timedelta(days=30)


@app.periodic(cron="41 3 * * *")
@app.task(queueing_lock="segments.drop_unused_bitmaps", pass_context=False)
def drop_unused_bitmaps(timestamp: int) -> None:
    """Drop stored bitmaps of filters that are no longer asked. ``timestamp`` is when it was due."""
    bitmaps.drop_unused(timezone.now() - UNUSED_FOR)
