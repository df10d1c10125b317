"""Bringing in people by a CSV file: uploaded, its columns chosen, checked, then imported by a job.

A file is worked off in chunks. Each is one transaction, which also writes down how far the file is
done, so that whoever goes on after a killed worker begins where it ended.
"""

import logging
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import batched, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from pyroaring import BitMap

from profiles import csv_files
from profiles.collisions import Collided, in_transaction
from profiles.csv_columns import CUSTOM, Column
from profiles.csv_files import NumberedRow, Table, UnreadableFile
from profiles.csv_merge import merge, tables
from profiles.csv_rejected import RejectedRows
from profiles.csv_repeats import superseded_rows
from profiles.csv_rows import Cleaned, Cleaner
from profiles.models import CsvImport, CustomAttribute, ImportState
from workspaces import audit
from workspaces.models import User, Workspace

logger = logging.getLogger(__name__)

TASK = "profiles.tasks.run_import"
#: Rows in one transaction: enough that its cost is nothing beside its rows, and few enough that
#: progress moves and nobody waits long for a person of it.
CHUNK = 20_000
#: Rows that are looked at to tell what columns hold.
SAMPLE = 200
#: How long an upload waits to be imported, and how long rejected rows can be fetched.
WAITS = timedelta(days=1)
KEPT = timedelta(days=7)
#: How often a job whose worker was killed is started again.
STARTS = 20
#: A worker that says nothing for so long is dead; it speaks every ten seconds.
SILENT = timedelta(minutes=1)
UNDER_WAY = (ImportState.CHECKING, ImportState.IMPORTING)
#: The states from which a file can be checked.
CHECKABLE = (ImportState.DRAFT, ImportState.CHECKED)
#: What a run begins with.
AFRESH: dict[str, Any] = dict.fromkeys(
    ("position", "created", "updated", "unchanged", "rejected", "rejected_bytes"), 0
) | {"total": None, "reason": ""}


class Overtaken(Exception):
    """Somebody else goes on with the import."""


def folder() -> Path:
    return Path(settings.VAR_DIR) / "imports"


def file_of(csv_import: CsvImport) -> Path:
    """Return where the uploaded file stands until it is imported."""
    return folder() / f"{csv_import.pk}.csv"


def rejected_file_of(csv_import: CsvImport) -> Path:
    """Return where the rejected rows of the last run stand."""
    return folder() / f"{csv_import.pk}.rejected.csv"


# Uploading and choosing


def upload(workspace: Workspace, name: str, file: BinaryIO, *, by: User) -> CsvImport:
    """Keep ``file``, called ``name``, to be imported. Raises ``UnreadableFile`` where it does not
    begin as CSV.
    """
    with csv_files.opened(file) as table:
        list(islice(table.rows, SAMPLE))
        header = table.header
    made = CsvImport(
        workspace=workspace,
        file_name=name[:255],
        header=header,
        uploaded_by=by,
        expires_at=timezone.now() + WAITS,
    )
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    file.seek(0)
    with file_of(made).open("wb") as kept:
        shutil.copyfileobj(file, kept, 1 << 20)
    made.save(force_insert=True)
    return made


def samples(csv_import: CsvImport) -> list[list[str]]:
    """Return the first cells of each column, none where the file is gone."""
    width = len(csv_import.header)
    try:
        with file_of(csv_import).open("rb") as file, csv_files.opened(file) as table:
            rows = [cells for _line, cells in islice(table.rows, SAMPLE) if len(cells) == width]
    except OSError:
        rows = []
    return [[row[place] for row in rows] for place in range(width)]


@transaction.atomic
def check(csv_import: CsvImport, columns: Sequence[Column]) -> bool:
    """Have a job count what an import by ``columns`` would do; False if it is past that."""
    asked = CsvImport.objects.filter(pk=csv_import.pk, state__in=CHECKABLE)
    dumped = [column.dump() for column in columns]
    if not asked.update(state=ImportState.CHECKING, columns=dumped, **AFRESH):
        return False
    _defer(csv_import)
    return True


@transaction.atomic
def start(csv_import: CsvImport, *, by: User) -> bool:
    """Have a job import a checked file, or go on with an import that failed; on record.

    Returns False if it is not there to be started.
    """
    known = CsvImport.objects.filter(pk=csv_import.pk)
    expires = timezone.now() + KEPT
    begun = known.filter(state=ImportState.CHECKED).update(
        state=ImportState.IMPORTING, started_at=timezone.now(), expires_at=expires, **AFRESH
    )
    resumed = not begun and known.filter(state=ImportState.FAILED, started_at__isnull=False).update(
        state=ImportState.IMPORTING, reason="", expires_at=expires
    )
    if not begun and not resumed:
        return False
    audit.record(csv_import.workspace, by, "User Import Started", csv_import)
    _defer(csv_import)
    return True


def can_go_on(csv_import: CsvImport) -> bool:
    """Tell whether an import that failed half way can be taken up again."""
    begun = csv_import.state == ImportState.FAILED and csv_import.started_at is not None
    return begun and file_of(csv_import).exists()


def _defer(csv_import: CsvImport) -> None:
    app.configure_task(TASK, lock=f"csv import {csv_import.pk}").defer(import_id=str(csv_import.pk))


# Running


def run(pk: UUID) -> None:
    """Check or import a file, from where it stands; or write down why that failed. What is over
    stays as it is.
    """
    csv_import = CsvImport.objects.select_related("workspace").filter(pk=pk).first()
    if csv_import is None or not csv_import.is_under_way:
        return
    try:
        _Run(csv_import).run()
    except Overtaken:
        return
    except (Collided, DatabaseError, OSError, UnreadableFile) as error:
        logger.warning("CSV import %s failed: %s", pk, type(error).__name__)
        fail(csv_import, _reason(error))


def fail(csv_import: CsvImport, reason: str) -> None:
    """Write down that it came to an end, and why."""
    CsvImport.objects.filter(pk=csv_import.pk, state=csv_import.state).update(
        state=ImportState.FAILED, reason=reason, finished_at=timezone.now()
    )


def _reason(error: Exception) -> str:
    if isinstance(error, UnreadableFile):
        return str(error)
    if isinstance(error, OSError):
        return _("The file could not be read: %(what)s.") % {"what": error.strerror or error}
    return _("The database did not take the rows. Try again.")


class _Chunk(NamedTuple):
    """Rows of the file, the number of the first, and what they came to."""

    place: int
    rows: Sequence[NumberedRow]
    cleaned: Cleaned


class _Run:
    """One run over a file, from the row at ``position`` on."""

    def __init__(self, csv_import: CsvImport) -> None:
        self._import = csv_import
        self._state = csv_import.state
        self._columns = [Column.load(stored) for stored in csv_import.columns]
        self._named_by = next(column for column in self._columns if column.identifier)
        self._cleaner = Cleaner(self._columns)
        self._superseded = BitMap()

    def _open(self) -> BinaryIO:
        return file_of(self._import).open("rb")

    @property
    def _writes(self) -> bool:
        return self._state == ImportState.IMPORTING

    def run(self) -> None:
        total, self._superseded = superseded_rows(self._open, self._cleaner)
        self._mine().update(total=total)
        if self._writes:
            register(self._import.workspace, self._columns)
        place = self._import.position
        rejected = RejectedRows(rejected_file_of(self._import), self._import.header)
        with tables(), rejected, self._open() as file, csv_files.opened(file) as table:
            for chunk in ahead(self._chunks(table, place)):
                self._apply(chunk, rejected)
        self._finish()

    def _chunks(self, table: Table, place: int) -> Iterator[_Chunk]:
        """Give the rows of ``table`` from number ``place`` on, cleaned."""
        for rows in batched(islice(table.rows, place, None), CHUNK, strict=False):
            within = self._superseded & BitMap(range(place, place + len(rows)))
            cleaned = self._cleaner.clean(rows, without={number - place for number in within})
            yield _Chunk(place, rows, cleaned)
            place += len(rows)

    def _apply(self, chunk: _Chunk, rejected: RejectedRows) -> None:
        """Deal with the rows of ``chunk``, all of them or none."""
        in_transaction(partial(self._apply_once, chunk, rejected))

    def _apply_once(self, chunk: _Chunk, rejected: RejectedRows) -> None:
        held = self._mine().select_for_update(no_key=True).filter(position=chunk.place).first()
        if held is None:
            raise Overtaken
        rows, cleaned, filled = chunk.rows, chunk.cleaned, self._cleaner.filled
        lines, space = cleaned.lines, held.workspace_id
        merged = merge(space, self._named_by, filled, lines, write=self._writes)
        unknown = [(row, _("No user has this Braze ID.")) for row in merged.unknown]
        refused = sorted([*cleaned.refused, *unknown])
        size = rejected.write(held.rejected_bytes, ((*rows[row], why) for row, why in refused))
        changed = merged.created + merged.updated + len(refused)
        self._mine().update(
            position=F("position") + len(rows),
            created=F("created") + merged.created,
            updated=F("updated") + merged.updated,
            unchanged=F("unchanged") + len(rows) - changed,
            rejected=F("rejected") + len(refused),
            rejected_bytes=size,
        )

    def _mine(self) -> Any:
        """Return the row of the import, as long as it is still in the state of this run."""
        return CsvImport.objects.filter(pk=self._import.pk, state=self._state)

    def _finish(self) -> None:
        now = timezone.now()
        if self._writes:
            done = {"state": ImportState.DONE, "finished_at": now, "expires_at": now + KEPT}
        else:
            done = {"state": ImportState.CHECKED}
        over = self._mine().filter(position=F("total")).update(**done)
        if over and self._writes:
            file_of(self._import).unlink(missing_ok=True)


def ahead[T](items: Iterator[T]) -> Iterator[T]:
    """Give ``items``, each while another thread makes the next: Python cleans the rows of a chunk
    while the database is busy with those of the one before.
    """
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = maker.submit(next, items, None)
            yield item


def register(workspace: Workspace, columns: Sequence[Column]) -> None:
    """Enter the custom attributes of ``columns`` among those of ``workspace``."""
    CustomAttribute.objects.bulk_create(
        [
            CustomAttribute(workspace=workspace, name=column.name, type=column.type)
            for column in columns
            if column.target == CUSTOM
        ],
        ignore_conflicts=True,
    )


# Looking after


def mend_imports() -> None:
    """Start again what a killed worker left behind, and end what nobody works on any more."""
    jobs = ProcrastinateJob.objects.filter(task_name=TASK)
    silent = Q(worker=None) | Q(worker__last_heartbeat__lt=timezone.now() - SILENT)
    lost = list(jobs.filter(silent, status="doing"))
    given_up = {job.pk for job in lost if job.attempts + 1 >= STARTS}
    alive = jobs.filter(status__in=["todo", "doing"]).exclude(pk__in=given_up)
    worked_on = [job.args["import_id"] for job in alive]
    for csv_import in CsvImport.objects.filter(state__in=UNDER_WAY).exclude(pk__in=worked_on):
        fail(csv_import, _("The worker was stopped while it read the file."))
    for job in lost:  # one that was given up finds that it is over, and ends in order
        app.job_manager.retry_job_by_id(job.pk, timezone.now())


def drop_expired() -> int:
    """Drop what was uploaded and never imported, and every file that is past its time.

    Returns how many uploads were dropped. The receipts of imports stay.
    """
    past = CsvImport.objects.filter(expires_at__lt=timezone.now()).exclude(state__in=UNDER_WAY)
    dropped, _by_model = past.filter(started_at=None).delete()
    files = list(folder().glob("*"))
    current = CsvImport.objects.exclude(pk__in=past).values_list("pk", flat=True)
    kept = {str(pk) for pk in current}
    for file in files:
        if file.name.partition(".")[0] not in kept:
            file.unlink(missing_ok=True)
    return dropped
