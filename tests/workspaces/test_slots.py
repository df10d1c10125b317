"""No workspace takes all slots of a worker: what it has too many of waits, and others go on."""

import os
import signal
import subprocess
import time
from collections import Counter
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as conf
from django.db import connection
from procrastinate.contrib.django import app

from braze_portal.serving import _worker_command
from profiles.csv_import import imports as csv_imports
from profiles.csv_import.columns import Column
from profiles.models import CsvImport
from segments.exports import user_objects_file
from segments.models import ExportState, UserExport
from tests.cohorts.test_import_concurrency import database_url
from tests.currents.test_currents_workers import eventually
from tests.worlds.currents_world import forget_jobs
from tests.worlds.factories import MemberFactory, SegmentFactory, checked_import
from tests.worlds.receivers import Answer, hang, receiving
from workspaces import slots
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

TASK = "segments.tasks.build_leaf"
COMMON = [slots.COMMON]


@pytest.fixture(autouse=True)
def no_jobs() -> None:
    forget_jobs()


@pytest.fixture
def few(settings: Any) -> None:
    settings.JOB_SLOTS = {"imports": 1, "exports": 2}


def ask(queue: str, times: int = 1) -> None:
    for _ in range(times):
        app.configure_task(TASK, queue=queue).defer(fingerprint="")


def new_worker() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select * from procrastinate_register_worker_v1()")
        number: int = cursor.fetchone()[0]
        return number


def taken(worker: int, queues: list[str] | None = COMMON) -> Counter[str]:
    """Have a worker take all jobs that it may take, and return their queues."""
    found: Counter[str] = Counter()
    while job := async_to_sync(app.job_manager.fetch_job)(queues, worker):
        found[job.queue] += 1
    return found


def test_a_workspace_has_so_many_slots_of_a_kind_and_no_more(few: None) -> None:
    ask("exports 1", 225)
    assert taken(new_worker()) == {"exports 1": 2}
    assert taken(new_worker()) == {}


def test_what_is_too_much_of_one_workspace_delays_no_other(few: None) -> None:
    ask("exports 1", 225)
    worker = new_worker()
    taken(worker)
    ask("exports 2", 2)
    ask("imports 2")
    ask("imports 1")
    ask("default", 2)
    # Of each kind a worker has one slot more than a workspace.
    assert taken(worker) == {"exports 2": 1, "imports 2": 1, "imports 1": 1, "default": 2}
    assert taken(new_worker()) == {"exports 2": 1}


def test_a_slot_that_becomes_free_is_given_to_the_next(few: None) -> None:
    ask("imports 1", 3)
    worker = new_worker()
    assert taken(worker) == {"imports 1": 1}
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_jobs set status = 'succeeded' where status = 'doing'")
    assert taken(worker) == {"imports 1": 1}


def test_a_job_whose_time_has_not_come_takes_no_slot(few: None) -> None:
    later = app.configure_task(TASK, queue="imports 1", schedule_in={"hours": 2})
    later.defer(fingerprint="")
    ask("default")
    assert taken(new_worker()) == {"default": 1}


def test_workers_take_the_queues_that_they_are_for(few: None) -> None:
    ask("currents")
    ask("imports 1")
    ask("default")
    assert taken(new_worker(), ["currents"]) == {"currents": 1}
    ask("currents")
    assert taken(new_worker()) == {"imports 1": 1, "default": 1}
    assert taken(new_worker(), None) == {"currents": 1}


def test_a_worker_has_a_slot_for_each_share(few: None) -> None:
    assert slots.of_a_worker() == slots.COMMON_SLOTS + 2 + 3


def test_what_is_used_is_told(few: None) -> None:
    ask("exports 1", 5)
    taken(new_worker())
    assert slots.used(1) == {"exports": (2, 3)}
    assert slots.used(2) == {}


def test_callbacks_that_hang_leave_a_csv_check_of_another_workspace_at_its_time(
    workspace: Workspace, settings: Any
) -> None:
    segment = SegmentFactory(workspace=workspace)
    others = checked_import(MemberFactory().workspace)
    forget_jobs()
    with receiving() as deaf:
        deaf.answers = lambda request: Answer(instead=hang(20))
        for _ in range(20):
            export = UserExport.objects.create(
                segment=segment, state=ExportState.DONE, callback_endpoint=deaf.url, fields=[]
            )
            user_objects_file.have_called_back(export)
        worker = a_worker(settings.VAR_DIR)
        try:
            eventually(lambda: len(deaf.requests) == 2, 60)
            time.sleep(1)  # as much as it takes to fill the other slots too
            csv_imports.check(others, [Column("id:external_id"), Column("country")])
            began = time.monotonic()
            eventually(lambda: CsvImport.objects.get(pk=others.pk).state == "checked", 20)
            took = time.monotonic() - began
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
    assert took < 5, took
    assert len(deaf.requests) == 2


def a_worker(var: Any) -> "subprocess.Popen[bytes]":
    """A worker over the test database, as ``manage.py serve`` runs one."""
    command = _worker_command(slots.COMMON, slots=slots.of_a_worker())
    return subprocess.Popen(  # noqa: S603
        command,
        cwd=conf.BASE_DIR,
        env=os.environ
        | {
            "DATABASE_URL": database_url(),
            "DATA_KEYS": ",".join(conf.DATA_KEYS),
            "OUTBOUND_ALLOW": "127.0.0.0/8",
            "VAR_DIR": str(var),
            "LOG_LEVEL": "CRITICAL",
        },
        stderr=subprocess.DEVNULL,
    )
