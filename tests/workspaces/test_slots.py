"""No workspace takes all slots of a worker: what it has too many of waits, and others go on."""

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as conf
from django.db import connection
from procrastinate.contrib.django import app

from braze_portal.serving import _worker_command
from profiles.csv_import import imports as csv_imports
from profiles.csv_import.columns import Column
from profiles.fake.seeding import seed_people
from profiles.models import CsvImport
from segments.audiences import backlog
from segments.exports import csv_file, user_objects_file
from segments.models import ExportState, UserExport
from segments.trees.tree import load_tree
from tests.cohorts.test_import_concurrency import database_url
from tests.currents.test_currents_workers import eventually
from tests.segments.test_evil_regex import EVIL
from tests.worlds.currents_world import forget_jobs
from tests.worlds.factories import MemberFactory, ProfileFactory, SegmentFactory, checked_import
from tests.worlds.receivers import Answer, hang, receiving
from tests.worlds.targeting_world import declare, leaf, tree_of
from workspaces import slots
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

TASK = "segments.tasks.build_leaves"
COMMON = [slots.COMMON]


@pytest.fixture(autouse=True)
def no_jobs() -> None:
    forget_jobs()


@pytest.fixture
def few(settings: Any) -> None:
    settings.JOB_SLOTS = {"imports": 1, "exports": 2}


def ask(queue: str, times: int = 1) -> None:
    for _ in range(times):
        app.configure_task(TASK, queue=queue).defer(workspace_id=0)


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
    later.defer(workspace_id=0)
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


@contextmanager
def hanging_callbacks(workspace: Workspace) -> Iterator[str]:
    segment = SegmentFactory(workspace=workspace)
    with receiving() as deaf:
        deaf.answers = lambda request: Answer(instead=hang(20))
        for _ in range(20):
            export = UserExport.objects.create(
                segment=segment, state=ExportState.DONE, callback_endpoint=deaf.url, fields=[]
            )
            user_objects_file.have_called_back(export)
        yield "callbacks"


@contextmanager
def many_exports(workspace: Workspace) -> Iterator[str]:
    seed_people(workspace, 5_000)
    segment = SegmentFactory(workspace=workspace)
    for _ in range(225):
        csv_file.request_export(segment, ["user_id"], by=workspace.members.earliest("pk").user)
    yield "exports"


@contextmanager
def slow_expressions(workspace: Workspace) -> Iterator[str]:
    declare(workspace, bio="string")
    bio = "a" * 3000 + "b" + "a" * 3001 + "c"
    ProfileFactory(workspace=workspace, external_id="ada", custom={"bio": bio})
    evil = [f"{EVIL}|x{n}" for n in range(20)]
    trees = [tree_of(leaf("custom_string:bio", "matches", each)) for each in evil]
    filters = [found for tree in trees for found in load_tree(tree).filters()]
    backlog.ask_for(workspace, {f"slow {n}": found for n, found in enumerate(filters)})
    yield "leaves"
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and state = 'active' and pid <> pg_backend_pid()"
        )


@pytest.mark.parametrize(
    ("too_much", "at_once", "waits"),
    # One job builds all leaves of a workspace, one after the other.
    [(hanging_callbacks, 2, True), (many_exports, 2, True), (slow_expressions, 1, False)],
)
def test_too_much_of_one_workspace_leaves_the_csv_check_of_another_at_its_time(
    workspace: Workspace,
    settings: Any,
    too_much: Callable[[Workspace], Any],
    at_once: int,
    *,
    waits: bool,
) -> None:
    other = checked_import(MemberFactory().workspace)
    forget_jobs()
    worker = a_worker(settings.VAR_DIR)
    try:
        time_of_a_check(other)  # the worker is up
        with too_much(workspace) as kind:
            eventually(lambda: slots.used(workspace.pk)[kind][0] == at_once, 60)
            time.sleep(1)  # as much as it takes to fill the other slots too
            took = time_of_a_check(other)
            doing, waiting = slots.used(workspace.pk)[kind]
            worker.send_signal(signal.SIGKILL)
    finally:
        worker.kill()
        worker.wait()
    assert doing <= at_once
    assert bool(waiting) == waits
    # Alone on a machine it is 0.2 seconds.
    assert took < 5


def time_of_a_check(checked: CsvImport) -> float:
    """Have a CSV file checked by a worker; return in how many seconds."""
    began = time.monotonic()
    assert csv_imports.check(checked, [Column("id:external_id"), Column("country")])
    eventually(lambda: CsvImport.objects.get(pk=checked.pk).state == "checked", 60)
    return time.monotonic() - began


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
