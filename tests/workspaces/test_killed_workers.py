"""Jobs whose worker is killed: another one does them, whatever they are."""

import inspect
import os
import signal
import subprocess
import sys
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as conf
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from lib import stalled_jobs
from segments.sizes.daily import ask_to_record
from tests.cohorts.test_import_concurrency import database_url
from tests.currents.test_currents_workers import eventually
from tests.worlds.currents_world import forget_jobs
from tests.worlds.waiting_jobs import jobs_of
from workspaces.models import Workspace
from workspaces.tasks import JOBS_KEPT, drop_jobs, take_up_jobs

RECORD = "segments.tasks.record_sizes"
#: A worker that begins with each job and comes no further, where it is told to hang.
WORKER = """
import asyncio, sys, django
django.setup()
from procrastinate.contrib.django.procrastinate_app import current_app

async def middleware(run, context, worker):
    if sys.argv[1] == "hang":
        await asyncio.sleep(3600)
    return await run()

app = current_app.with_connector(current_app.connector.get_worker_connector())
app.periodic_registry.periodic_tasks.clear()
app.run_worker(
    concurrency=64,
    fetch_job_polling_interval=0.2,
    worker_middleware=[middleware],
    shutdown_graceful_timeout=2,
)
"""
#: What a task is called with, by the type that it asks for.
VALUES = {"int": 0, "str": str(uuid4()), "list": []}


def worker(how: str, var: Any) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, how],
        cwd=conf.BASE_DIR,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "braze_portal.settings",
            "DATABASE_URL": database_url(),
            "DATA_KEYS": ",".join(conf.DATA_KEYS),
            "VAR_DIR": str(var),
            "LOG_LEVEL": "CRITICAL",
        },
        stderr=subprocess.DEVNULL,
    )


def our_tasks() -> list[str]:
    return sorted(name for name in app.tasks if not name.startswith(("procrastinate.", "builtin:")))


def call(name: str) -> None:
    """Ask for a job of the task ``name``, with a ``lock`` that nobody else can take meanwhile."""
    parameters = inspect.signature(app.tasks[name].func).parameters.values()
    needed = [each for each in parameters if each.default is each.empty]
    values = {each.name: VALUES[str(getattr(each.annotation, "__name__", ""))] for each in needed}
    app.configure_task(name, lock=f"{name} 17").defer(**values)


def states() -> dict[str, str]:
    return {job.lock: job.status for job in ProcrastinateJob.objects.exclude(lock=None)}


def forget_heartbeats() -> None:
    """Make it as if a minute had passed since the last word of every worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update procrastinate_workers set last_heartbeat = last_heartbeat - interval '1 hour'"
        )


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_in_any_task_is_followed_by_another(settings: Any) -> None:
    forget_jobs()
    names = our_tasks()
    for name in names:
        call(name)
    locks = {f"{name} 17" for name in names}
    dying = worker("hang", settings.VAR_DIR)
    eventually(lambda: states() == dict.fromkeys(locks, "doing"), 60)
    dying.send_signal(signal.SIGKILL)
    dying.wait()
    forget_heartbeats()
    take_up_jobs(timestamp=0)
    assert states() == dict.fromkeys(locks, "todo")
    following = worker("work", settings.VAR_DIR)
    try:
        # By their side effects, some ask for more jobs or are dropped when done.
        eventually(lambda: {states()[lock] for lock in locks} == {"succeeded"}, 60)
    finally:
        following.send_signal(signal.SIGKILL)
        following.wait()
    assert Counter(
        ProcrastinateJob.objects.filter(lock__in=locks).values_list("attempts", flat=True)
    ) == {2: len(names)}


def kill_the_worker_of(task: str) -> None:
    """Make it as if a worker had begun with the jobs of ``task`` and was killed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update procrastinate_jobs set status = 'doing' where task_name = %s and id in "
            "(select min(id) from procrastinate_jobs where status = 'todo' group by lock)",
            [task],
        )


def test_daily_sizes_go_on_after_a_restart_at_the_wrong_moment(workspace: Workspace) -> None:
    ask_to_record(workspace)
    kill_the_worker_of(RECORD)
    take_up_jobs(timestamp=0)
    assert [(job.status, job.attempts) for job in jobs_of(RECORD)] == [("todo", 1)]


def test_a_job_whose_twin_waits_is_left_to_it(workspace: Workspace) -> None:
    ask_to_record(workspace)
    kill_the_worker_of(RECORD)
    ask_to_record(workspace)
    take_up_jobs(timestamp=0)
    assert [job.status for job in jobs_of(RECORD)] == ["failed", "todo"]


def test_a_job_that_kills_each_worker_is_given_up(workspace: Workspace) -> None:
    ask_to_record(workspace)
    for _ in range(stalled_jobs.STARTS):
        kill_the_worker_of(RECORD)
        take_up_jobs(timestamp=0)
    assert [job.status for job in jobs_of(RECORD)] == ["failed"]
    ask_to_record(workspace)
    assert [job.status for job in jobs_of(RECORD)] == ["failed", "todo"]


def test_a_job_of_a_worker_that_lives_is_left_alone(workspace: Workspace) -> None:
    ask_to_record(workspace)
    with connection.cursor() as cursor:
        cursor.execute("select * from procrastinate_register_worker_v1()")
        cursor.execute(
            "update procrastinate_jobs set status = 'doing', "
            "worker_id = (select max(id) from procrastinate_workers) where task_name = %s",
            [RECORD],
        )
    take_up_jobs(timestamp=0)
    assert [job.status for job in jobs_of(RECORD)] == ["doing"]
    forget_heartbeats()
    take_up_jobs(timestamp=0)
    assert [job.status for job in jobs_of(RECORD)] == ["todo"]


@pytest.mark.parametrize(
    ("status", "kept"),
    [("succeeded", []), ("failed", []), ("aborted", []), ("doing", ["doing"]), ("todo", ["todo"])],
)
def test_jobs_that_are_over_are_dropped(workspace: Workspace, status: str, kept: list[str]) -> None:
    ask_to_record(workspace)
    with connection.cursor() as cursor:
        # Those alone: a worker of another test may have left jobs of its own.
        cursor.execute(
            "update procrastinate_jobs set status = %s where task_name = %s", [status, RECORD]
        )
        drop_jobs(timestamp=0)
        assert [job.status for job in jobs_of(RECORD)] == [status]
        cursor.execute(
            "update procrastinate_events set at = at - make_interval(hours => %s)", [JOBS_KEPT + 1]
        )
    drop_jobs(timestamp=0)
    assert [job.status for job in jobs_of(RECORD)] == kept
