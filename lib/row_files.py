"""Rows that have files and a job of their own, as uploads and exports do.

Each file is called by the id of its row, up to the first dot.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from django.db.models import Model, QuerySet
from procrastinate.contrib.django.models import ProcrastinateJob

from lib import stalled_jobs


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


def mend_jobs[Row: Model](task: str, under_way: QuerySet[Row], fail: Callable[[Row], None]) -> None:
    """Have the jobs of ``task`` whose worker was killed done by others; call ``fail`` with each row
    of ``under_way`` on which no job works any more.

    A job has the id of its row as its only argument.
    """
    # Before the jobs: a row that comes meanwhile has its job, which was not seen yet.
    rows = list(under_way)
    stalled_jobs.take_up(task)
    alive = ProcrastinateJob.objects.filter(task_name=task, status__in=["todo", "doing"])
    worked_on = {pk for job in alive for pk in job.args.values()}
    for row in rows:
        if str(row.pk) not in worked_on:
            fail(row)
