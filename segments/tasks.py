"""What is done for audiences in the background."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from procrastinate.contrib.django import app

from lib.stalled_jobs import Restarts
from segments.audiences import backlog, bitmaps, jobs, verifying
from segments.exports import csv_file, user_objects_file
from segments.exports.jobs import STARTS, drop_expired, mend
from segments.models import SegmentExport, UserExport
from segments.sizes import daily
from workspaces.models import Workspace

#: A bitmap that nobody used for so long is built again when it is asked for.
UNUSED_FOR = timedelta(days=30)
#: What all stored bitmaps may take.
MOST_BYTES = 2**31


@app.periodic(cron="41 3 * * *")
@app.task(queueing_lock="segments.drop_unused_bitmaps", pass_context=False)
def drop_unused_bitmaps(timestamp: int) -> None:
    """Drop stored bitmaps of filters that are no longer asked. ``timestamp`` is when it was due."""
    bitmaps.drop_unused(timezone.now() - UNUSED_FOR, MOST_BYTES)


@app.periodic(cron="11 2 * * *")
@app.task(queueing_lock="segments.verify_bitmaps", pass_context=False)
def verify_bitmaps(timestamp: int) -> None:
    """Compare stored bitmaps with plain SQL. ``timestamp`` is when it was due."""
    verifying.nightly()


@app.task(pass_context=False)
def build_leaves(workspace_id: int) -> None:
    """Build the bitmaps of filters that pages of a workspace could not wait for."""
    jobs.build_waiting(workspace_id)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="segments.take_up_leaves", pass_context=False)
def take_up_leaves(timestamp: int) -> None:
    """Look after bitmaps whose worker was killed. ``timestamp`` is when it was due."""
    backlog.take_up()


@app.periodic(cron="2 * * * *")
@app.task(queueing_lock="segments.record_all_sizes", pass_context=False)
def record_all_sizes(timestamp: int) -> None:
    """Have today's sizes recorded, workspace by workspace. ``timestamp`` is when it was due."""
    for workspace in Workspace.objects.all():
        daily.ask_to_record(workspace)


@app.task(pass_context=False)
def record_sizes(workspace_id: int, segment_id: str | None = None) -> None:
    """Record today's size of all segments of a workspace, or of one."""
    workspace = Workspace.objects.filter(pk=workspace_id).first()
    if workspace:
        daily.record_sizes(workspace, only=[UUID(segment_id)] if segment_id else None)


@app.task(retry=Restarts(STARTS), pass_context=False)
def write_export(export_id: str) -> None:
    """Write the file of an export."""
    csv_file.write_export(UUID(export_id))


@app.task(retry=Restarts(STARTS), pass_context=False)
def write_user_export(export_id: str) -> None:
    """Write the file of an export that the REST API was asked for."""
    user_objects_file.write_export(UUID(export_id))


@app.task(pass_context=False, retry=user_objects_file.CALLBACK_RETRIES)
def call_back(export_id: str) -> None:
    """Tell the caller of the REST API that the file is ready."""
    user_objects_file.call_back(UUID(export_id))


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="segments.mend_exports", pass_context=False)
def mend_exports(timestamp: int) -> None:
    """Look after exports whose worker was killed. ``timestamp`` is when it was due."""
    mend(SegmentExport, csv_file.TASK)
    mend(UserExport, user_objects_file.TASK)


@app.periodic(cron="27 * * * *")
@app.task(queueing_lock="segments.drop_expired_exports", pass_context=False)
def drop_expired_exports(timestamp: int) -> None:
    """Drop the files of exports that are past their time. ``timestamp`` is when it was due."""
    drop_expired(SegmentExport, UserExport)
