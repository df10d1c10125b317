"""Imports that are cut off, or meet other writers: each row counts once all the same."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection

from profiles.csv_import import imports as csv_imports
from profiles.csv_import import rejected as csv_rejected
from profiles.csv_import import runs as csv_runs
from profiles.models import CsvImport, Profile
from profiles.tasks import run_import
from tests.cohorts.test_import_concurrency import database_url
from tests.worlds.csv_uploads import receipt
from tests.worlds.factories import ProfileFactory, checked_import
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

# A worker's process, with small chunks so that it is sure to be killed between two.
CHILD = """
import sys, django
django.setup()
from profiles.csv_import import runs
runs.CHUNK = 50
runs.run(sys.argv[1])
"""
ROWS = 20_000


def started(workspace: Workspace, file: bytes) -> CsvImport:
    made = checked_import(workspace, file)
    assert csv_imports.start(made, by=workspace.members.earliest("pk").user)
    made.refresh_from_db()
    return made


def many(rows: int) -> bytes:
    """Every tenth row is refused, every tenth repeats the user before it."""
    lines = [f"user-{n - (n % 10 == 7)},{'?' if n % 10 == 3 else 'FR'}" for n in range(rows)]
    return "\n".join(["id,country", *lines]).encode()


def finish(csv_import: CsvImport) -> tuple[int, int, int, int]:
    csv_runs.run(csv_import.pk)
    csv_import.refresh_from_db()
    assert csv_import.state == "done", csv_import.reason
    return receipt(csv_import)


def rejected_lines(csv_import: CsvImport) -> list[str]:
    file = csv_imports.rejected_file_of(csv_import)
    return b"".join(csv_rejected.written(file, language="en")).decode().splitlines()


def kill_in_the_middle(csv_import: CsvImport, var: Path) -> int:
    """Run the import in a process, kill it, and return how far it came."""
    worker = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(csv_import.pk)],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "braze_portal.settings",
            "DATABASE_URL": database_url(),
            "VAR_DIR": str(var),
        },
    )
    began = csv_import.position
    end = time.monotonic() + 60
    while csv_import.position <= began + 500:
        assert worker.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
        csv_import.refresh_from_db()
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    csv_import.refresh_from_db()
    return csv_import.position


def test_a_worker_that_is_killed_loses_and_repeats_nothing(
    workspace: Workspace, settings: Any
) -> None:
    made = started(workspace, many(ROWS))
    stops = [kill_in_the_middle(made, settings.VAR_DIR) for _ in range(2)]
    assert 0 < stops[0] < stops[1] < ROWS
    assert finish(made) == (ROWS * 8 // 10, 0, ROWS // 10, ROWS // 10)
    assert Profile.objects.filter(workspace=workspace).count() == ROWS * 8 // 10
    assert len(rejected_lines(made)) == 1 + ROWS // 10
    assert len(set(rejected_lines(made))) == 1 + ROWS // 10


def test_what_was_not_committed_is_written_anew(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_runs, "CHUNK", 2)
    made = started(workspace, b"id,country\na,FR\nb,?\nc,FR\nd,?\ne,FR\n")
    with connection.cursor() as cursor:
        cursor.execute(
            "alter table profiles_csvimport add constraint full_disk check (position < 4) not valid"
        )
    csv_runs.run(made.pk)
    made.refresh_from_db()
    assert (made.state, made.position) == ("failed", 2)
    with connection.cursor() as cursor:
        cursor.execute("alter table profiles_csvimport drop constraint full_disk")
    assert csv_imports.can_go_on(made)
    csv_imports.start(made, by=workspace.members.earliest("pk").user)
    assert finish(made) == (3, 0, 0, 2)
    assert [line.split(",")[0] for line in rejected_lines(made)] == ["line", "3", "5"]


def test_two_workers_at_once_count_each_row_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_runs, "CHUNK", 10)
    made = started(workspace, many(1000))

    def work(_: int) -> None:
        try:
            csv_runs.run(made.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    made.refresh_from_db()
    assert finish(made) == (800, 0, 100, 100)


def test_two_imports_of_the_same_people_do_not_lose_each_other(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_runs, "CHUNK", 100)
    for n in range(0, 500, 2):
        ProfileFactory(workspace=workspace, external_id=f"user-{n}")
    numbers = range(500)
    files = [
        "\n".join(["id,country", *(f"user-{n},{code}" for n in order)]).encode()
        for code, order in (("FR", numbers), ("DE", reversed(numbers)))
    ]
    imports = [started(workspace, file) for file in files]

    def work(each: CsvImport) -> None:
        try:
            csv_runs.run(each.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, imports))
    receipts = []
    for each in imports:
        each.refresh_from_db()
        assert (each.state, each.reason) == ("done", "")
        receipts.append(receipt(each))
    assert sum(created for created, *_ in receipts) == 250
    assert sum(updated for _, updated, *_ in receipts) == 750
    assert Profile.objects.filter(workspace=workspace).exclude(country="").count() == 500


def test_an_import_that_met_a_crash_of_the_database_goes_on_by_itself(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_runs, "CHUNK", 50)
    made = started(workspace, many(200))
    merge, chunks = csv_runs.merge, []

    def crashing(*args: Any, **options: Any) -> Any:
        chunks.append(args)
        if len(chunks) == 3:
            with psycopg.connect(database_url()) as other:
                other.execute(
                    "select pg_terminate_backend(%s)", [connection.connection.info.backend_pid]
                )
        return merge(*args, **options)

    monkeypatch.setattr(csv_runs, "merge", crashing)
    with pytest.raises(OperationalError) as crash:
        csv_runs.run(made.pk)
    connection.close()
    made.refresh_from_db()
    assert (made.state, made.position) == ("importing", 100)
    job = SimpleNamespace(attempts=0)
    strategy = run_import.retry_strategy
    assert strategy is not None
    assert strategy.get_retry_decision(exception=crash.value, job=cast(Any, job)) is not None
    assert finish(made) == (160, 0, 20, 20)
