"""Rows that have files and a job of their own, as uploads and exports do.

Each file is called by the id of its row, up to the first dot.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

#: A worker that says nothing for so long is dead; it speaks every ten seconds.
SILENT = timedelta(minutes=1)


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write, which is at ``path`` once it is whole, and nowhere if that fails."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A name of its own: a worker that was taken for dead may still be writing.
    with NamedTemporaryFile(dir=path.parent, prefix=f"{path.stem}.", delete=False) as file:
        try:
            yield file
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    Path(file.name).replace(path)


def drop_strays(folder: Path, *rows: QuerySet[Any]) -> None:
    """Drop the files in ``folder`` whose row is not among ``rows``."""
    files = list(folder.glob("*"))  # before the rows: a file comes after its row
    kept = {str(pk) for each in rows for pk in each.values_list("pk", flat=True)}
    for file in files:
        if file.name.partition(".")[0] not in kept:
            file.unlink(missing_ok=True)


def mend_jobs[Row: Model](
    task: str, under_way: QuerySet[Row], fail: Callable[[Row], None], *, starts: int
) -> None:
    """Start again the jobs of ``task`` whose worker was killed, up to ``starts`` times in all; call
    ``fail`` with each row of ``under_way`` on which no job works any more.

    A job has the id of its row as its only argument.
    """
    # Before the jobs: a row that comes meanwhile has its job, which was not seen yet.
    rows = list(under_way)
    jobs = ProcrastinateJob.objects.filter(task_name=task)
    silent = Q(worker=None) | Q(worker__last_heartbeat__lt=timezone.now() - SILENT)
    lost = list(jobs.filter(silent, status="doing"))
    given_up = {job.pk for job in lost if job.attempts + 1 >= starts}
    alive = jobs.filter(status__in=["todo", "doing"]).exclude(pk__in=given_up)
    worked_on = {pk for job in alive for pk in job.args.values()}
    for row in rows:
        if str(row.pk) not in worked_on:
            fail(row)
    for job in lost:  # one that was given up finds that it is over, and ends in order
        app.job_manager.retry_job_by_id(job.pk, timezone.now())
