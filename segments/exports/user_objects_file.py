"""The people of a segment as user objects, for a caller of the REST API.

A job writes them, a JSON object a line, in one snapshot and in constant memory. A caller who has
the address of the file needs no key: the address holds a signature that cannot be guessed.
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from gzip import GzipFile
from typing import IO, Any, Protocol
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from lib import outbound
from profiles.export.user_objects import Asked, user_objects
from segments.audiences.people import people_of
from segments.exports import jobs
from segments.exports.csv_file import DOWNLOADED, REQUESTED
from segments.models import ExportFormat, ExportState, Segment, UserExport
from workspaces import audit, slots
from workspaces.models import RestApiKey, Workspace

logger = logging.getLogger(__name__)

TASK = "segments.tasks.write_user_export"
CALL_BACK = "segments.tasks.call_back"
#: Again after 5 seconds, 25, 125, and so on: for an hour in all.
CALLBACK_RETRIES = RetryStrategy(max_attempts=5, exponential_wait=5)
#: Exports of a workspace that may be under way at once.
MOST_AT_ONCE = 100
#: People in one file within the archive, and in one look at the database.
PER_FILE = 5_000
BATCH = 1_000
#: Custom events and purchases that last happened longer ago are left out, as Braze does.
RECENT = timedelta(days=90)
SIGNER = Signer(salt="segments.user_exports")


class Lines(Protocol):
    def write(self, line: bytes, /) -> Any: ...


type Part = Callable[[int], AbstractContextManager[Lines]]


class TooManyExports(Exception):
    """The segment, or the workspace, has as many exports under way as it may have."""


class CallbackFailed(Exception):
    """The caller did not take the news that the file is ready."""


@transaction.atomic
def request_export(segment: Segment, key: RestApiKey, **asked: Any) -> UserExport:
    """Have a job write the people of ``segment``, as ``key`` asks by fields of ``UserExport``.

    Raises ``TooManyExports``. It is on record.
    """
    # One request of a workspace after the other: two at once would both find room.
    Workspace.objects.select_for_update(no_key=True).get(pk=segment.workspace_id)
    under_way = UserExport.objects.filter(
        segment__workspace=segment.workspace_id, state__in=jobs.UNDER_WAY
    )
    if under_way.filter(segment=segment).exists():
        raise TooManyExports("An export of this segment is under way: wait until it is ready")
    if under_way.count() >= MOST_AT_ONCE:
        raise TooManyExports(f"{MOST_AT_ONCE} exports are under way: wait until one is ready")
    export = UserExport.objects.create(segment=segment, **asked)
    _put_on_record(export, REQUESTED, api_key=key.name)
    jobs.start(export, TASK)
    return export


def url_of(export: UserExport) -> str:
    """Return where the file can be fetched while it is kept."""
    return export.origin + reverse("user-export-file", args=[SIGNER.sign(str(export.pk))])


def ready_export(token: str) -> UserExport | None:
    """Return the export whose address holds ``token``, if its file can be fetched now."""
    try:
        pk = UUID(SIGNER.unsign(token))
    except (BadSignature, ValueError):
        return None
    export = UserExport.objects.select_related("segment__workspace").filter(pk=pk).first()
    return export if export and jobs.is_ready(export) else None


def note_download(export: UserExport) -> None:
    """Put on record that the file was fetched."""
    _put_on_record(export, DOWNLOADED)


def _put_on_record(export: UserExport, step: str, **detail: str) -> None:
    workspace = export.segment.workspace
    columns = [*export.fields, *(export.custom_attributes or [])]
    audit.record(
        workspace, None, "Exported Users", export.segment, step=step, columns=columns, **detail
    )


def write_export(pk: UUID) -> None:
    """Write the file of an export, or write down why that failed. What is over stays as it is."""
    jobs.run(UserExport, pk, _write_users, then=have_called_back)


def have_called_back(export: UserExport) -> None:
    """Have a job tell the caller that the file is there, where they named an address for that."""
    if export.callback_endpoint:
        queue = slots.queue("callbacks", export.segment.workspace_id)
        app.configure_task(CALL_BACK, queue=queue).defer(export_id=str(export.pk))


def call_back(pk: UUID) -> None:
    """Tell the caller where the file is. Raises an error where it is worth trying again."""
    export = UserExport.objects.filter(pk=pk, state=ExportState.DONE).first()
    if export is None:
        return
    news = json.dumps({"success": True, "url": url_of(export)}).encode()
    try:
        answer = outbound.post(
            export.callback_endpoint, content=news, headers={"Content-Type": "application/json"}
        )
    except outbound.OutboundError as error:
        if not error.permanent:
            raise
        logger.warning("the callback of export %s cannot be called: %s", pk, error)
        return
    if not answer.is_success:
        raise CallbackFailed(f"The callback of export {pk} answered {answer.status_code}")


def _write_users(export: UserExport, file: IO[bytes]) -> int:
    since = timezone.now() - RECENT
    chosen = export.custom_attributes
    asked = Asked(
        frozenset(export.fields), None if chosen is None else frozenset(chosen), since=since
    )
    with people_of(export.segment.workspace) as people, jobs.Progress(export) as progress:
        audience = people.segment(export.segment_id)
        with ARCHIVES[export.output_format](file, export.object_prefix) as part:
            # An empty segment gives one empty file.
            for number, start in enumerate(range(0, max(len(audience), 1), PER_FILE), start=1):
                progress.tell(start, len(audience))
                with part(number) as lines:
                    _write_lines(lines, list(audience[start : start + PER_FILE]), asked)
    return len(audience)


def _write_lines(lines: Lines, ids: list[int], asked: Asked) -> None:
    for start in range(0, len(ids), BATCH):
        for user in user_objects(ids[start : start + BATCH], asked):
            lines.write(json.dumps(user, ensure_ascii=False).encode() + b"\n")


@contextmanager
def _zipped(file: IO[bytes], prefix: str) -> Iterator[Part]:
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        yield lambda number: archive.open(f"{prefix}-{number:05}.json", "w")


@contextmanager
def _gzipped(file: IO[bytes], prefix: str) -> Iterator[Part]:
    # Gzip holds no files: what is unpacked is all of them, one after the other.
    yield lambda number: GzipFile(f"{prefix}.json", "wb", fileobj=file)


ARCHIVES = {ExportFormat.ZIP.value: _zipped, ExportFormat.GZIP.value: _gzipped}
