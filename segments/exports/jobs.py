"""What all exports of segments have in common: one folder, a job each, and how they end.

An export is a row of a model that derives from ``segments.models.Export``, and a file that is named
for it. The row says how far the file is; the file is there when it is whole.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from psycopg import sql

from lib.wording import Sentence
from segments.filters.base import InvalidTree
from segments.models import Export, ExportState

logger = logging.getLogger(__name__)

#: How often a job whose worker was killed is started again.
ATTEMPTS = 3
#: A worker that says nothing for so long is dead; it speaks every ten seconds.
SILENT = timedelta(minutes=1)
UNDER_WAY = (ExportState.WAITING, ExportState.RUNNING)
TELL = sql.SQL("update {} set written = %s, total = %s where id = %s")


def folder() -> Path:
    return Path(settings.VAR_DIR) / "exports"


def file_of(export: Export) -> Path:
    """Return where the finished file of ``export`` stands; until then there is none."""
    return folder() / f"{export.pk}.{export.extension}"


def start(export: Export, task: str) -> None:
    """Have the job ``task`` write the file of ``export``."""
    app.configure_task(task, lock=f"export {export.pk}").defer(export_id=str(export.pk))


def is_ready(export: Export) -> bool:
    """Tell whether the file of ``export`` can be downloaded now."""
    in_time = export.expires_at is not None and export.expires_at > timezone.now()
    return export.state == ExportState.DONE and in_time and file_of(export).exists()


def is_under_way(export: Export) -> bool:
    return export.state in UNDER_WAY


def run[E: Export](
    model: type[E],
    pk: UUID,
    write: Callable[[E, IO[bytes]], int],
    then: Callable[[E], None] = lambda export: None,
) -> None:
    """Write the file of an export by ``write``, which returns how many people are in it.

    What is over stays as it is. A failure is written down with its reason; once the file is there,
    ``then`` is called in the transaction that says so.
    """
    export = model._default_manager.select_related("segment__workspace").filter(pk=pk).first()
    if export is None or not is_under_way(export):
        return
    model._default_manager.filter(pk=pk).update(state=ExportState.RUNNING, written=0)
    try:
        written = _write_file(export, write)
    except (DatabaseError, InvalidTree, OSError) as error:
        logger.warning("export %s failed: %s", pk, error)
        fail(export, _reason(error))
        return
    over = {"state": ExportState.DONE, "written": written, "total": written}
    with transaction.atomic():
        model._default_manager.filter(pk=pk).update(**over, expires_at=timezone.now() + export.kept)
        then(export)


def fail(export: Export, reason: Sentence) -> None:
    """Write down that there will be no file, and why."""
    type(export)._default_manager.filter(pk=export.pk, state__in=UNDER_WAY).update(
        state=ExportState.FAILED, reason=reason.dump(), expires_at=timezone.now() + export.kept
    )


def _reason(error: Exception) -> Sentence:
    if isinstance(error, InvalidTree):
        return Sentence(_("The segment refers to something that no longer exists: see its page."))
    if isinstance(error, OSError):
        what = error.strerror or str(error)
        return Sentence(_("The file could not be written: %(what)s."), what=what)
    return Sentence(_("The database did not answer in time. Try again, or simplify the filters."))


def _write_file[E: Export](export: E, write: Callable[[E, IO[bytes]], int]) -> int:
    """Write the file under another name, and give it its own when it is whole; count its people."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    # A name of its own: a worker that was taken for dead may still be writing.
    with NamedTemporaryFile(dir=folder(), prefix=f"{export.pk}.", delete=False) as file:
        unfinished = Path(file.name)
        try:
            written = write(export, file)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
    unfinished.replace(file_of(export))
    return written


class Progress:
    """Tells how far an export is, while its own transaction may write nothing."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._connection = connection.copy()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *raised: object) -> None:
        self._connection.close()

    def tell(self, written: int, total: int) -> None:
        table = sql.Identifier(self._export._meta.db_table)
        with self._connection.cursor() as cursor:
            cursor.execute(TELL.format(table), [written, total, self._export.pk])


def mend(model: type[Export], task: str) -> None:
    """Start again what a killed worker left behind, and end what nobody works on any more."""
    # Before the jobs: an export that is requested meanwhile has its job, which was not seen yet.
    under_way = list(model._default_manager.filter(state__in=UNDER_WAY))
    jobs = ProcrastinateJob.objects.filter(task_name=task)
    silent = Q(worker=None) | Q(worker__last_heartbeat__lt=timezone.now() - SILENT)
    lost = list(jobs.filter(silent, status="doing"))
    given_up = {job.pk for job in lost if job.attempts + 1 >= ATTEMPTS}
    alive = jobs.filter(status__in=["todo", "doing"]).exclude(pk__in=given_up)
    worked_on = {job.args["export_id"] for job in alive}
    for export in under_way:
        if str(export.pk) not in worked_on:
            fail(export, Sentence(_("The worker was stopped while it wrote the file.")))
    for job in lost:  # one that was given up finds that it is over, and ends in order
        app.job_manager.retry_job_by_id(job.pk, timezone.now())


def drop_expired(*models: type[Export]) -> int:
    """Drop the exports of ``models``, which are all there are, that are past their time; and every
    file that belongs to none.

    Returns how many exports were dropped.
    """
    now = timezone.now()
    dropped = sum(model._default_manager.filter(expires_at__lt=now).delete()[0] for model in models)
    files = list(folder().glob("*"))  # before the rows: a file comes after its row
    kept = {
        str(pk) for model in models for pk in model._default_manager.values_list("pk", flat=True)
    }
    for file in files:
        if file.name.partition(".")[0] not in kept:
            file.unlink(missing_ok=True)
    return dropped
