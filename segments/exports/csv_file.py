"""The people of a segment as a CSV file: written by a job, in one snapshot, in constant memory."""

from collections.abc import Callable, Iterator
from typing import IO, Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_noop
from psycopg import sql
from pyroaring import BitMap

from lib.spreadsheets import csv_line
from segments.audiences.patience import JOB_TIMEOUT_MS
from segments.audiences.people import people_of
from segments.exports import jobs
from segments.exports.columns import Column, columns_of
from segments.models import Segment, SegmentExport
from workspaces import audit
from workspaces.models import Member, User

#: People in one statement: enough that its cost is nothing beside its rows, and few enough that
#: progress moves and no statement comes near its time limit.
BATCH = 20_000
COPY = sql.SQL("copy (select {} from profiles_profile where {} order by id) to stdout (format csv)")
TASK = "segments.tasks.write_export"

REQUESTED = gettext_noop("Requested")
DOWNLOADED = gettext_noop("Downloaded")


@transaction.atomic
def request_export(segment: Segment, columns: list[str], *, by: User) -> SegmentExport:
    """Have a job write the people of ``segment`` with ``columns``, their keys; on record."""
    export = SegmentExport.objects.create(segment=segment, columns=columns, requested_by=by)
    audit.record(segment.workspace, by, "Exported Users", segment, step=REQUESTED, columns=columns)
    jobs.start(export, TASK)
    return export


def holds_personal_data(export: SegmentExport) -> bool:
    """Tell whether ``export`` has a column that only some members may see."""
    known = columns_of(export.segment.workspace)
    return any(key in known and known[key].personal for key in export.columns)


def may_download(export: SegmentExport, member: Member) -> bool:
    """Tell whether ``member``, of the workspace of ``export``, may have its file."""
    return member.sees_personal_data or not holds_personal_data(export)


def write_export(pk: UUID) -> None:
    """Write the file of an export, or write down why that failed. What is over stays as it is."""
    jobs.run(SegmentExport, pk, _write_rows)


def _write_rows(export: SegmentExport, file: IO[bytes]) -> int:
    known = columns_of(export.segment.workspace)
    columns = [known[key] for key in export.columns if key in known]
    file.write(header(columns))
    opened = people_of(export.segment.workspace, timeout_ms=JOB_TIMEOUT_MS)
    with opened as people, jobs.Progress(export) as progress:
        audience = people.segment(export.segment_id)
        progress.tell(0, len(audience))
        for done in copy_rows(audience, columns, file.write):
            progress.tell(done, len(audience))
    return len(audience)


def header(columns: list[Column]) -> bytes:
    """Return the first line, with the names of ``columns``."""
    return csv_line(column.heading for column in columns)


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
