"""What all exports of segments have in common: one folder, a job each, and how they end.

An export is a row of a model that derives from ``segments.models.Export``, and a file that is named
for it. The row says how far the file is; the file is there when it is whole.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import IO
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from procrastinate.contrib.django import app
from psycopg import sql

from lib.row_files import drop_strays, mend_jobs, written
from lib.transactions import is_away
from lib.wording import Sentence
from segments.filters.base import InvalidTree
from segments.models import Export, ExportState
from workspaces import slots

logger = logging.getLogger(__name__)

#: How often a job whose worker was killed is started, the first time included.
STARTS = 3
UNDER_WAY = (ExportState.WAITING, ExportState.RUNNING)
TELL = sql.SQL("update {} set written = %s, total = %s where id = %s")


def folder() -> Path:
    return Path(settings.VAR_DIR) / "exports"


def file_of(export: Export) -> Path:
    """Return where the finished file of ``export`` stands; until then there is none."""
    return folder() / f"{export.pk}.{export.extension}"


def start(export: Export, task: str) -> None:
    """Have the job ``task`` write the file of ``export``."""
    queue = slots.queue("exports", export.segment.workspace_id)
    job = app.configure_task(task, queue=queue, lock=f"export {export.pk}")
    job.defer(export_id=str(export.pk))


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

    What is over stays as it is. A failure is written down with its reason, and raised where it is
    only that the database is away; once the file is there, ``then`` is called in the transaction
    that says so.
    """
    export = model._default_manager.select_related("segment__workspace").filter(pk=pk).first()
    if export is None or not is_under_way(export):
        return
    model._default_manager.filter(pk=pk).update(state=ExportState.RUNNING, written=0)
    try:
        with written(file_of(export)) as file:
            people = write(export, file)
    except (DatabaseError, InvalidTree, OSError) as error:
        if is_away(error):
            raise  # the job begins again
        logger.warning("export %s failed: %s", pk, error)
        fail(export, _reason(error))
        return
    over = {"state": ExportState.DONE, "written": people, "total": people}
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


class Progress:
    """Tells how far an export is, over a connection of its own: that of the export only reads."""

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
    """Start again the jobs of killed workers, and end exports on which no job works any more."""
    stopped = Sentence(_("The worker was stopped while it wrote the file."))
    under_way = model._default_manager.filter(state__in=UNDER_WAY)
    mend_jobs(task, under_way, lambda export: fail(export, stopped))


def drop_expired(*models: type[Export]) -> int:
    """Drop the exports of ``models``, which are all there are, that are past their time; and every
    file that belongs to none.

    Returns how many exports were dropped.
    """
    now = timezone.now()
    managers = [model._default_manager for model in models]
    dropped = sum(manager.filter(expires_at__lt=now).delete()[0] for manager in managers)
    drop_strays(folder(), *(manager.all() for manager in managers))
    return dropped
