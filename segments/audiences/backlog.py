"""The leaves that jobs are to build: asked for by pages that could not wait.

A workspace has one job at a time, which builds what waits. Each minute workspaces that have no job
though something waits get one: a worker may have been killed.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from psycopg import errors

from segments.filters.base import Filter, InvalidTree
from segments.models import LeafBuild
from workspaces import slots
from workspaces.models import Workspace

#: How long to wait after each failure. After the last one, the next who asks starts anew.
LADDER = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 7200))
#: A build that was due so long ago and is still not done is asked for again.
FORGOTTEN_AFTER = timedelta(minutes=15)
#: After the last failure nobody tries for so long.
GIVEN_UP_FOR = timedelta(hours=6)

#: Why a leaf could not be built. Kept in English, and translated where it is shown.
TOO_LONG = gettext_noop("a filter takes longer than two minutes to answer.")
NO_REGEX = gettext_noop("a regular expression cannot be read.")
GONE = gettext_noop("a filter names what no longer exists.")
KILLED = gettext_noop("the worker was stopped each time that it began.")
OTHER = gettext_noop("the database could not answer a filter.")


def ask_for(workspace: Workspace, waiting: Mapping[str, Filter]) -> None:
    """See to it that each of the leaves ``waiting``, by fingerprint, is being built."""
    now = timezone.now()
    idle = _idle(waiting, now)
    if idle:
        # What was given up begins anew; what never ended goes on being counted.
        counted = {name: build.attempts for name, build in idle.items() if build and build.next_try}
        asked = [
            _build(workspace, name, waiting[name], now, attempts=counted.get(name, 0))
            for name in idle
        ]
        _write(asked, at=None)


def note_failures(workspace: Workspace, failed: Mapping[str, tuple[Filter, Exception]]) -> None:
    """Write down why each of the leaves ``failed``, by fingerprint, and have it tried again later.

    What is being tried already is left as it is.
    """
    now = timezone.now()
    builds = [
        _build(workspace, name, failed[name][0], now, attempts=1, reason=reason_of(failed[name][1]))
        for name in _idle(failed, now)
    ]
    if builds:
        _write(builds, at=now + LADDER[0])


def _idle(names: Iterable[str], now: datetime) -> dict[str, LeafBuild | None]:
    """Return those of the leaves ``names`` that nobody works on, each with its last build."""
    known = LeafBuild.objects.in_bulk(list(names))
    builds = ((name, known.get(name)) for name in sorted(names))
    return {name: build for name, build in builds if build is None or _is_over(build, now)}


def _build(
    workspace: Workspace, name: str, item: Filter, now: datetime, *, attempts: int, reason: str = ""
) -> LeafBuild:
    return LeafBuild(
        fingerprint=name,
        workspace=workspace,
        leaf=item.dump(),
        asked_at=now,
        next_try=now,
        attempts=attempts,
        reason=reason,
    )


def _write(builds: list[LeafBuild], *, at: datetime | None) -> None:
    """Write down ``builds`` of one workspace, and have a job do them: now, or ``at`` a later time.

    They come in the order of their names, so that two that write the same cannot deadlock.
    """
    for build in builds:
        build.next_try = at or build.next_try
    with transaction.atomic():
        LeafBuild.objects.bulk_create(
            builds,
            update_conflicts=True,
            unique_fields=["fingerprint"],
            update_fields=["leaf", "asked_at", "next_try", "attempts", "reason"],
        )
        enqueue(builds[0].workspace_id, asked_at=builds[0].asked_at, at=at)


def _is_over(build: LeafBuild, now: datetime) -> bool:
    """Tell whether nobody works on ``build`` any more."""
    if build.next_try is None:
        return build.asked_at < now - GIVEN_UP_FOR
    return build.next_try < now - FORGOTTEN_AFTER


def next_of(workspace_id: int) -> LeafBuild | None:
    """Return what a job of the workspace builds next, if anything is due.

    The newest first: a member looks at a page and waits for it, while what was asked before may be
    what they have since typed over. What was tried before comes last.
    """
    due = LeafBuild.objects.filter(workspace=workspace_id, next_try__lte=timezone.now())
    return due.select_related("workspace").order_by("attempts", "-asked_at", "pk").first()


def begin(build: LeafBuild) -> bool:
    """Count an attempt before it is made: a worker that is killed counts nothing afterwards.

    False is for a build that another worker has finished, and for one that was begun too often and
    never ended: it is given up.
    """
    if build.attempts > len(LADDER):
        fail(build, KILLED)
        return False
    build.attempts += 1
    return bool(LeafBuild.objects.filter(pk=build.pk).update(attempts=build.attempts))


def fail(build: LeafBuild, reason: str) -> None:
    """Write down why ``build`` failed, and try it again after a while that grows.

    Nothing happens when another worker has finished it meanwhile.
    """
    now = timezone.now()
    wait = LADDER[build.attempts - 1] if build.attempts <= len(LADDER) else None
    values = {"reason": reason, "next_try": now + wait if wait else None, "asked_at": now}
    with transaction.atomic():
        if LeafBuild.objects.filter(pk=build.pk).update(**values) and wait:
            enqueue(build.workspace_id, asked_at=now, at=now + wait)


def reason_of(error: Exception) -> str:
    """Return the sentence for ``error``."""
    match error, error.__cause__:
        case InvalidTree(), _:
            return GONE
        case _, errors.QueryCanceled():
            return TOO_LONG
        case _, errors.InvalidRegularExpression():
            return NO_REGEX
        case _:
            return OTHER


@contextmanager
def turn(workspace_id: int) -> Iterator[bool]:
    """Be the only one who builds leaves of a workspace, on all machines; tell whether we are.

    PostgreSQL frees the lock of the session when a worker is killed.
    """
    with connection.cursor() as cursor:
        key = [workspace_id]
        cursor.execute("select pg_try_advisory_lock(hashtext('leaves of workspace'), %s)", key)
        if cursor.fetchone() == (False,):
            yield False
            return
        try:
            yield True
        finally:
            cursor.execute("select pg_advisory_unlock(hashtext('leaves of workspace'), %s)", key)


def go_on(workspace_id: int) -> None:
    """Have another job build what is still due, if anything is."""
    if build := next_of(workspace_id):
        enqueue(workspace_id, asked_at=build.asked_at)


def take_up() -> None:
    """Have jobs build what is due and may have lost its job."""
    due = LeafBuild.objects.filter(next_try__lte=timezone.now())
    for workspace_id in due.order_by().values_list("workspace", flat=True).distinct():
        go_on(workspace_id)


def enqueue(workspace_id: int, *, asked_at: datetime, at: datetime | None = None) -> None:
    """Have a job build the leaves of a workspace, once: a job that waits already is enough.

    One that waits for a later time does not stand for one that can begin at once.
    """
    task = app.configure_task(
        "segments.tasks.build_leaves",
        queue=slots.queue("leaves", workspace_id),
        queueing_lock=f"leaves {workspace_id}{' later' if at else ''}",
        schedule_at=at,
        # The workspace that asked last first, and before other work: a member waits for it.
        priority=int(asked_at.timestamp()),
    )
    with suppress(AlreadyEnqueued), transaction.atomic():
        task.defer(workspace_id=workspace_id)
