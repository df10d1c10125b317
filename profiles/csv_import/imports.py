"""Bringing in people by a CSV file: uploaded, its columns chosen, checked, then imported by a job.

The jobs themselves are in ``profiles.csv_import.runs``.
"""

import shutil
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from procrastinate.contrib.django import app

from lib.row_files import drop_strays, mend_jobs, written
from lib.wording import Sentence
from profiles.csv_import import files
from profiles.csv_import.columns import Column
from profiles.models import CsvImport, ImportState
from workspaces import audit, slots
from workspaces.models import User, Workspace

TASK = "profiles.tasks.run_import"
#: Rows that are looked at to tell what columns hold.
SAMPLE = 200
#: How long an upload waits to be imported, and how long rejected rows can be fetched.
WAITS = timedelta(days=1)
KEPT = timedelta(days=7)
#: How often a job whose worker was killed is started, the first time included.
STARTS = 20
UNDER_WAY = (ImportState.CHECKING, ImportState.IMPORTING)
#: The states from which a file can be checked.
CHECKABLE = (ImportState.DRAFT, ImportState.CHECKED)
#: What a run begins with.
AFRESH: dict[str, Any] = dict.fromkeys(
    ("position", "created", "updated", "unchanged", "rejected", "rejected_bytes"), 0
) | {"total": None, "reason": ""}


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
    with files.opened(file) as table:
        list(islice(table.rows, SAMPLE))
        header = table.header
    made = CsvImport(
        workspace=workspace,
        file_name=name[:255],
        header=header,
        uploaded_by=by,
        expires_at=timezone.now() + WAITS,
    )
    # The row before the file: a file without one is swept away.
    made.save(force_insert=True)
    file.seek(0)
    with written(file_of(made)) as kept:
        shutil.copyfileobj(file, kept, 1 << 20)
    return made


def samples(csv_import: CsvImport) -> list[list[str]]:
    """Return the first cells of each column, none where the file is gone."""
    width = len(csv_import.header)
    try:
        with file_of(csv_import).open("rb") as file, files.opened(file) as table:
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
    queue = slots.queue("imports", csv_import.workspace_id)
    task = app.configure_task(TASK, queue=queue, lock=f"csv import {csv_import.pk}")
    task.defer(import_id=str(csv_import.pk))


# Looking after


def fail(csv_import: CsvImport, reason: Sentence) -> None:
    """Write down that it came to an end, and why."""
    CsvImport.objects.filter(pk=csv_import.pk, state=csv_import.state).update(
        state=ImportState.FAILED, reason=reason.dump(), finished_at=timezone.now()
    )


def mend_imports() -> None:
    """Start again the jobs of killed workers, and end imports on which no job works any more."""
    stopped = Sentence(_("The worker was stopped while it read the file."))
    under_way = CsvImport.objects.filter(state__in=UNDER_WAY)
    mend_jobs(TASK, under_way, lambda each: fail(each, stopped))


def drop_expired() -> int:
    """Drop what was uploaded and never imported, and every file that is past its time.

    Returns how many uploads were dropped. The receipts of imports stay.
    """
    past = CsvImport.objects.filter(expires_at__lt=timezone.now()).exclude(state__in=UNDER_WAY)
    dropped, _by_model = past.filter(started_at=None).delete()
    drop_strays(folder(), CsvImport.objects.exclude(pk__in=past))
    return dropped
