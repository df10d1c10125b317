"""What is done for people in the background."""

from uuid import UUID

from django.utils import timezone
from procrastinate.contrib.django import app

from lib.stalled_jobs import Restarts
from profiles import clock
from profiles.changes import TRACES_KEPT
from profiles.csv_import import imports as csv_imports
from profiles.csv_import import runs as csv_runs
from profiles.models import Merge, Trace


@app.periodic(cron="11 3 * * *")
@app.task(queueing_lock="profiles.drop_traces", pass_context=False)
def drop_traces(timestamp: int) -> None:
    """Drop the traces that no bitmap can need any more, and the merges of that time.

    ``timestamp`` is when it was due.
    """
    for model in (Trace, Merge):
        model.objects.filter(at__lt=timezone.now() - TRACES_KEPT).delete()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="profiles.tick", pass_context=False)
def tick(timestamp: int) -> None:
    """Note which transactions are over. ``timestamp`` is when it was due."""
    clock.tick()


@app.task(retry=Restarts(csv_imports.STARTS), pass_context=False)
def run_import(import_id: str) -> None:
    """Check or import an uploaded file."""
    csv_runs.run(UUID(import_id))


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="profiles.mend_imports", pass_context=False)
def mend_imports(timestamp: int) -> None:
    """Look after imports whose worker was killed. ``timestamp`` is when it was due."""
    csv_imports.mend_imports()


@app.periodic(cron="37 * * * *")
@app.task(queueing_lock="profiles.drop_expired_imports", pass_context=False)
def drop_expired_imports(timestamp: int) -> None:
    """Drop the files of imports that are past their time. ``timestamp`` is when it was due."""
    csv_imports.drop_expired()
