"""What is done for people in the background."""

from django.utils import timezone
from procrastinate.contrib.django import app

from profiles import clock
from profiles.changes import TRACES_KEPT
from profiles.models import Trace


@app.periodic(cron="11 3 * * *")
@app.task(queueing_lock="profiles.drop_traces", pass_context=False)
def drop_traces(timestamp: int) -> None:
    """Drop the traces that no bitmap can need any more. ``timestamp`` is when it was due."""
    Trace.objects.filter(at__lt=timezone.now() - TRACES_KEPT).delete()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="profiles.tick", pass_context=False)
def tick(timestamp: int) -> None:
    """Note which transactions are over. ``timestamp`` is when it was due."""
    clock.tick()
