"""The people of a segment as a CSV file: written by a job, in one snapshot, in constant memory."""

import csv
import io
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from psycopg import sql
from pyroaring import BitMap

from segments.audiences import people_of
from segments.export_columns import Column, columns_of
from segments.filters import InvalidTree
from segments.models import ExportState, Segment, SegmentExport
from workspaces import audit
from workspaces.models import Member, User

logger = logging.getLogger(__name__)

#: How long a file is kept, and how long the row says that it was there or why it is not.
KEPT = timedelta(hours=24)
#: People in one statement: enough that its cost is nothing beside its rows, and few enough that
#: progress moves and no statement comes near its time limit.
BATCH = 20_000
#: How often a job whose worker was killed is started again.
ATTEMPTS = 3
#: A worker that says nothing for so long is dead; it speaks every ten seconds.
SILENT = timedelta(minutes=1)
UNDER_WAY = (ExportState.WAITING, ExportState.RUNNING)
COPY = sql.SQL("copy (select {} from profiles_profile where {} order by id) to stdout (format csv)")
TASK = "segments.tasks.write_export"

REQUESTED = gettext_noop("Requested")
DOWNLOADED = gettext_noop("Downloaded")


def folder() -> Path:
    return Path(settings.VAR_DIR) / "exports"


def file_of(export: SegmentExport) -> Path:
    """Return where the finished file of ``export`` stands; until then there is none."""
    return folder() / f"{export.pk}.csv"


@transaction.atomic
def request_export(segment: Segment, columns: list[str], *, by: User) -> SegmentExport:
    """Have a job write the people of ``segment`` with ``columns``, their keys; on record."""
    export = SegmentExport.objects.create(segment=segment, columns=columns, requested_by=by)
    audit.record(segment.workspace, by, "Exported Users", segment, step=REQUESTED, columns=columns)
    app.configure_task(TASK, lock=f"export {export.pk}").defer(export_id=str(export.pk))
    return export


def is_ready(export: SegmentExport) -> bool:
    """Tell whether the file of ``export`` can be downloaded now."""
    in_time = export.expires_at is not None and export.expires_at > timezone.now()
    return export.state == ExportState.DONE and in_time and file_of(export).exists()


def is_under_way(export: SegmentExport) -> bool:
    return export.state in UNDER_WAY


def holds_personal_data(export: SegmentExport) -> bool:
    """Tell whether ``export`` has a column that only some members may see."""
    known = columns_of(export.segment.workspace)
    return any(key in known and known[key].personal for key in export.columns)


def may_download(export: SegmentExport, member: Member) -> bool:
    """Tell whether ``member``, of the workspace of ``export``, may have its file."""
    return member.sees_personal_data or not holds_personal_data(export)


def write_export(pk: UUID) -> None:
    """Write the file of an export, or write down why that failed. What is over stays as it is."""
    export = SegmentExport.objects.select_related("segment__workspace").filter(pk=pk).first()
    if export is None or not is_under_way(export):
        return
    SegmentExport.objects.filter(pk=pk).update(state=ExportState.RUNNING, written=0)
    try:
        written = _write_file(export)
    except (DatabaseError, InvalidTree, OSError) as error:
        logger.warning("export %s failed: %s", pk, error)
        fail(export, _reason(error))
        return
    over = {"state": ExportState.DONE, "written": written, "total": written}
    SegmentExport.objects.filter(pk=pk).update(**over, expires_at=timezone.now() + KEPT)


def fail(export: SegmentExport, reason: str) -> None:
    """Write down that there will be no file, and why."""
    SegmentExport.objects.filter(pk=export.pk, state__in=UNDER_WAY).update(
        state=ExportState.FAILED, reason=reason, expires_at=timezone.now() + KEPT
    )


def _reason(error: Exception) -> str:
    if isinstance(error, InvalidTree):
        return _("The segment names something that no longer exists: %(what)s.") % {"what": error}
    if isinstance(error, OSError):
        return _("The file could not be written: %(what)s.") % {"what": error.strerror or error}
    return _("The database did not answer in time. Try again, or simplify the filters.")


def _write_file(export: SegmentExport) -> int:
    """Write the file under another name, and give it its own when it is whole; count its rows."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    # A name of its own: a worker that was taken for dead may still be writing.
    with NamedTemporaryFile(dir=folder(), prefix=f"{export.pk}.", delete=False) as file:
        unfinished = Path(file.name)
        try:
            written = _write_rows(export, file.write)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
    unfinished.replace(file_of(export))
    return written


def _write_rows(export: SegmentExport, write: Callable[[Any], Any]) -> int:
    known = columns_of(export.segment.workspace)
    columns = [known[key] for key in export.columns if key in known]
    write(header(columns))
    with people_of(export.segment.workspace) as people, Progress(export) as progress:
        audience = people.segment(export.segment_id)
        progress.tell(0, len(audience))
        for done in copy_rows(audience, columns, write):
            progress.tell(done, len(audience))
    return len(audience)


def header(columns: list[Column]) -> bytes:
    """Return the first line, with the names of ``columns``."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([column.heading for column in columns])
    return line.getvalue().encode()


def copy_rows(
    audience: BitMap, columns: list[Column], write: Callable[[Any], Any]
) -> Iterator[int]:
    """Write the people of ``audience`` as lines of CSV, by id; give how many after each batch."""
    selected = sql.SQL(", ").join([column.expression() for column in columns])
    with connection.cursor() as cursor, connection.wrap_database_errors:
        for start in range(0, len(audience), BATCH):
            ids = audience[start : start + BATCH]
            with cursor.copy(COPY.format(selected, among(ids))) as lines:
                for block in lines:
                    write(block)
            yield start + len(ids)


def among(ids: BitMap) -> sql.Composable:
    """Say in SQL that the id is one of ``ids``."""
    if ids.max() - ids.min() + 1 == len(ids):
        return sql.SQL("id between {} and {}").format(ids.min(), ids.max())
    # Hidden in a subquery: PostgreSQL would weigh each of 20,000 constants before it begins.
    listed = sql.SQL("{}::bigint[]").format(f"{{{','.join(map(str, ids))}}}")
    return sql.SQL("id = any((select {})::bigint[])").format(listed)


class Progress:
    """Tells how far an export is, while its own transaction may write nothing."""

    def __init__(self, export: SegmentExport) -> None:
        self._export = export
        self._connection = connection.copy()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *raised: object) -> None:
        self._connection.close()

    def tell(self, written: int, total: int) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(
                "update segments_segmentexport set written = %s, total = %s where id = %s",
                [written, total, self._export.pk],
            )


def mend_exports() -> None:
    """Start again what a killed worker left behind, and end what nobody works on any more."""
    # Before the jobs: an export that is requested meanwhile has its job, which was not seen yet.
    under_way = list(SegmentExport.objects.filter(state__in=UNDER_WAY))
    jobs = ProcrastinateJob.objects.filter(task_name=TASK)
    silent = Q(worker=None) | Q(worker__last_heartbeat__lt=timezone.now() - SILENT)
    lost = list(jobs.filter(silent, status="doing"))
    given_up = {job.pk for job in lost if job.attempts + 1 >= ATTEMPTS}
    alive = jobs.filter(status__in=["todo", "doing"]).exclude(pk__in=given_up)
    worked_on = {job.args["export_id"] for job in alive}
    for export in under_way:
        if str(export.pk) not in worked_on:
            fail(export, _("The worker was stopped while it wrote the file."))
    for job in lost:  # one that was given up finds that it is over, and ends in order
        app.job_manager.retry_job_by_id(job.pk, timezone.now())


def drop_expired() -> int:
    """Drop the exports that are past their time, and every file that belongs to none.

    Returns how many exports were dropped.
    """
    dropped, _by_model = SegmentExport.objects.filter(expires_at__lt=timezone.now()).delete()
    files = list(folder().glob("*"))  # before the rows: a file comes after its row
    kept = {str(pk) for pk in SegmentExport.objects.values_list("pk", flat=True)}
    for file in files:
        if file.name.partition(".")[0] not in kept:
            file.unlink(missing_ok=True)
    return dropped
