"""Fair shares of a worker: what takes long is done for each workspace a few at a time.

A job of such a kind waits in a queue of its kind and workspace. A worker takes the next job from
those queues alone that have room: fewer jobs of the workspace are being done than it may have, and
of each kind the worker keeps one slot for workspaces that have none. What has no kind waits in the
common queue, for which there are slots as well.
"""

import asyncio
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from procrastinate import App
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from lib.statements import Statements

statements = Statements.beside(__file__)

#: The queue of what has no kind, and how many slots a worker has for it.
COMMON = "default"
COMMON_SLOTS = 3


def queue(kind: str, workspace_id: int) -> str:
    """Return where a job waits that is of ``kind``, one of ``settings.JOB_SLOTS``."""
    return f"{kind} {workspace_id}"


def of_a_worker() -> int:
    """Return how many jobs a worker does at once, so that each kind has its slots."""
    return COMMON_SLOTS + sum(limit + 1 for limit in settings.JOB_SLOTS.values())


def used(workspace_id: int) -> dict[str, tuple[int, int]]:
    """Return how many jobs of each kind are being done for a workspace, and how many wait."""
    queues = {queue(kind, workspace_id): kind for kind in settings.JOB_SLOTS}
    rows = statements.rows("used", queues=list(queues))
    return {queues[name]: (doing, waiting) for name, doing, waiting in rows}


class FairJobs(JobManager):
    """Takes jobs from queues that have room. Installed by a setting of the job library."""

    _has_threads = False

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        if queues is not None and COMMON not in (queues := list(queues)):
            return await super().fetch_job(queues, worker_id)
        self._make_threads()
        found = await self.connector.execute_query_one_async(
            statements["with_room"],
            queues=queues,
            limits=json.dumps(settings.JOB_SLOTS),
            worker=worker_id,
        )
        return await super().fetch_job(found["queues"], worker_id) if found["queues"] else None

    async def listen_for_jobs(
        self, *, on_notification: Any, queues: Iterable[str] | None = None
    ) -> None:
        # The queues of kinds and workspaces are not known beforehand.
        if queues is not None and COMMON in (queues := list(queues)):
            queues = None
        await super().listen_for_jobs(on_notification=on_notification, queues=queues)

    def _make_threads(self) -> None:
        """Have a thread for each slot: by default there are four more than processors."""
        if not self._has_threads:
            self._has_threads = True
            threads = ThreadPoolExecutor(of_a_worker(), thread_name_prefix="job")
            asyncio.get_running_loop().set_default_executor(threads)


def install(app: App) -> None:
    app.job_manager = FairJobs(app.connector)
