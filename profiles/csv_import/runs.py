"""Running over an uploaded file: a check of it, or the import itself.

The file is worked off in chunks. Each is one transaction, which also writes down how far the file
is done, so that whoever goes on after a killed worker begins where it ended.
"""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched, islice
from operator import itemgetter
from typing import Any, BinaryIO, NamedTuple
from uuid import UUID

from django.db import Error, IntegrityError
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from pyroaring import BitMap

from lib.transactions import Collided, is_away, is_locked, retried
from lib.wording import Sentence
from profiles import custom_size, telling
from profiles.csv_import import files
from profiles.csv_import.columns import CUSTOM, Column
from profiles.csv_import.files import NumberedRow, Table, UnreadableFile
from profiles.csv_import.imports import KEPT, fail, file_of, rejected_file_of
from profiles.csv_import.merge import merge, subscribed, tables
from profiles.csv_import.rejected import RejectedRows
from profiles.csv_import.repeats import superseded_rows
from profiles.csv_import.rows import Cleaned, Cleaner
from profiles.models import CsvImport, CustomAttribute, ImportState
from profiles.since_when import SINCE
from workspaces.models import Workspace

logger = logging.getLogger(__name__)

#: Rows in one transaction: enough that its cost is nothing beside its rows, and few enough that
#: progress moves and nobody waits long for a person of it.
CHUNK = 20_000
#: Of so many people at once listeners are told.
TOLD_AT_ONCE = 1_000


class Overtaken(Exception):
    """Another worker goes on with the import."""


def run(pk: UUID) -> None:
    """Check or import a file, from where it stands; or write down why that failed. What is over
    stays as it is. Raises what passes by itself: the database is away, or others hold its rows.
    """
    csv_import = CsvImport.objects.select_related("workspace").filter(pk=pk).first()
    if csv_import is None or not csv_import.is_under_way:
        return
    try:
        _Run(csv_import).run()
    except Overtaken:
        return
    except (Collided, Error, OSError, UnreadableFile) as error:
        if is_away(error) or is_locked(error):
            raise  # the job begins again where it stands
        logger.warning("CSV import %s failed: %s", pk, type(error).__name__)
        fail(csv_import, _reason(error))


def _reason(error: Exception) -> Sentence:
    if isinstance(error, UnreadableFile):
        return error.sentence
    if isinstance(error, OSError):
        what = error.strerror or str(error)
        return Sentence(_("The file could not be read: %(what)s."), what=what)
    return Sentence(_("The database did not take the rows. Try again."))


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
        self._subscribes = any(name in self._cleaner.filled for name in SINCE)
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
        with tables(), rejected, self._open() as file, files.opened(file) as table:
            for chunk in ahead(self._chunks(table, place)):
                try:
                    self._apply(chunk, rejected)
                except IntegrityError as error:
                    if not custom_size.is_refusal(error):
                        raise
                    self._apply(chunk, rejected, sparing=True)
        self._finish()

    def _chunks(self, table: Table, place: int) -> Iterator[_Chunk]:
        """Give the rows of ``table`` from number ``place`` on, cleaned."""
        for rows in batched(islice(table.rows, place, None), CHUNK, strict=False):
            within = self._superseded & BitMap(range(place, place + len(rows)))
            cleaned = self._cleaner.clean(rows, without={number - place for number in within})
            yield _Chunk(place, rows, cleaned)
            place += len(rows)

    @retried
    def _apply(self, chunk: _Chunk, rejected: RejectedRows, *, sparing: bool = False) -> None:
        """Deal with the rows of ``chunk``, all of them or none."""
        held = self._mine().select_for_update(no_key=True).filter(position=chunk.place).first()
        if held is None:
            raise Overtaken
        rows, cleaned, filled = chunk.rows, chunk.cleaned, self._cleaner.filled
        lines, space = cleaned.lines, held.workspace_id
        merged = merge(space, self._named_by, filled, lines, write=self._writes, sparing=sparing)
        if self._writes and self._subscribes:
            _tell_of_subscriptions(self._import.workspace)
        nobody = Sentence(_("No user has this Braze ID."))
        unknown = [(row, nobody) for row in merged.unknown]
        too_large = [(row, custom_size.TOO_LARGE) for row in merged.too_large]
        refused = sorted([*cleaned.refused, *unknown, *too_large], key=itemgetter(0))
        size = rejected.write(
            held.rejected_bytes, ((*rows[row], why.dump()) for row, why in refused)
        )
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


def _tell_of_subscriptions(workspace: Workspace) -> None:
    """Tell which profiles the chunk gave a subscription, where a listener wants it."""
    hearings = telling.Hearings(workspace)
    if not hearings.want(SINCE):
        return
    for people in batched(subscribed(workspace.pk), TOLD_AT_ONCE, strict=False):
        columns = {pk: _said(*said) for pk, *said in people}
        hearings.tell(telling.News(columns=columns), source=telling.Source.CSV_IMPORT)


def _said(*subscriptions: str | None) -> dict[str, str]:
    """Return the columns of a person that a row gave a value."""
    said = zip(SINCE, subscriptions, strict=True)
    return {name: value for name, value in said if value is not None}


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
