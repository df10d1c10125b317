"""The leaves that jobs are to build: asked for by pages that could not wait."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
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
    known = LeafBuild.objects.in_bulk(list(waiting))
    for name, item in sorted(waiting.items()):
        build = known.get(name)
        if build is None or _is_over(build, now):
            with transaction.atomic():
                # What was given up begins anew; what never ended goes on being counted.
                counted = build.attempts if build and build.next_try else 0
                _ask(workspace, name, item, attempts=counted)
                enqueue(workspace.pk, name)


def note_failures(workspace: Workspace, failed: Mapping[str, tuple[Filter, Exception]]) -> None:
    """Write down why each of the leaves ``failed``, by fingerprint, and have it tried again later.

    What is being tried already is left as it is.
    """
    now = timezone.now()
    known = LeafBuild.objects.in_bulk(list(failed))
    for name, (item, error) in sorted(failed.items()):
        build = known.get(name)
        if build is None or _is_over(build, now):
            with transaction.atomic():
                fail(_ask(workspace, name, item, attempts=1), reason_of(error))


def _ask(workspace: Workspace, name: str, item: Filter, *, attempts: int) -> LeafBuild:
    now = timezone.now()
    values = {
        "workspace": workspace,
        "leaf": item.dump(),
        "asked_at": now,
        "next_try": now,
        "attempts": attempts,
        "reason": "",
    }
    return LeafBuild.objects.update_or_create(fingerprint=name, defaults=values)[0]


def _is_over(build: LeafBuild, now: datetime) -> bool:
    """Tell whether nobody works on ``build`` any more."""
    if build.next_try is None:
        return build.asked_at < now - GIVEN_UP_FOR
    return build.next_try < now - FORGOTTEN_AFTER


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
            enqueue(build.workspace_id, build.fingerprint, at=now + wait)


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


def enqueue(workspace_id: int, fingerprint: str, at: datetime | None = None) -> None:
    """Have a job build the leaf, once: a job that waits already is enough."""
    task = app.configure_task(
        "segments.tasks.build_leaf",
        queue=slots.queue("leaves", workspace_id),
        queueing_lock=f"leaf {fingerprint}",
        schedule_at=at,
        # The newest first, and before other work: a member looks at a page and waits for it, while
        # what was asked before may be what they have since typed over.
        priority=int(timezone.now().timestamp()),
    )
    try:
        with transaction.atomic():
            task.defer(fingerprint=fingerprint)
    except AlreadyEnqueued:
        return
