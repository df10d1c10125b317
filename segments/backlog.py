"""The leaves that jobs are to build: asked for by pages that could not wait."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from segments.filters import Filter
from segments.models import LeafBuild
from workspaces.models import Workspace

#: How long to wait after each failure. After the last, whoever asks again starts anew.
LADDER = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 7200))
#: A build that was asked for so long ago and is still not done is asked for again.
FORGOTTEN_AFTER = timedelta(minutes=15)


def ask_for(workspace: Workspace, waiting: Mapping[str, Filter]) -> None:
    """See to it that each of the leaves ``waiting``, by fingerprint, is being built."""
    now = timezone.now()
    known = LeafBuild.objects.in_bulk(list(waiting))
    for name, item in sorted(waiting.items()):
        build = known.get(name)
        if build is None or _is_over(build, now):
            with transaction.atomic():
                LeafBuild.objects.update_or_create(
                    fingerprint=name,
                    defaults={
                        "workspace": workspace,
                        "leaf": item.dump(),
                        "asked_at": now,
                        "next_try": now,
                        "attempts": 0,
                    },
                )
                enqueue(name)


def _is_over(build: LeafBuild, now: datetime) -> bool:
    """Tell whether nobody works on ``build`` any more."""
    due = build.next_try or build.asked_at
    return due < now - FORGOTTEN_AFTER


def fail(build: LeafBuild, reason: str) -> None:
    """Write down why ``build`` failed, and try it again after a while that grows."""
    build.attempts += 1
    build.reason = reason
    build.next_try = None
    if build.attempts <= len(LADDER):
        build.next_try = timezone.now() + LADDER[build.attempts - 1]
    with transaction.atomic():
        build.save(update_fields=["attempts", "reason", "next_try"])
        if build.next_try:
            enqueue(build.fingerprint, at=build.next_try)


def enqueue(fingerprint: str, at: datetime | None = None) -> None:
    """Have a job build the leaf, once: a job that waits already is enough."""
    task = app.configure_task(
        "segments.tasks.build_leaf",
        queueing_lock=f"leaf {fingerprint}",
        schedule_at=at,
        # The newest first, and before other work: somebody looks at a page and waits for it, while
        # what was asked before may be what they have since typed over.
        priority=int(timezone.now().timestamp()),
    )
    try:
        with transaction.atomic():
            task.defer(fingerprint=fingerprint)
    except AlreadyEnqueued:
        return
