"""``manage.py serve``: one parent, three children, and a good end."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings
from django.db import connection
from procrastinate.contrib.django import app

from braze_portal import serving

ROOT: Path = settings.BASE_DIR


def start(port: int, database: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port)],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def get(port: int, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, None
    except OSError:
        return 0, None


def until(portal: subprocess.Popen[str], done: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert portal.poll() is None
        assert time.monotonic() < end
        time.sleep(0.1)


def worker(portal: subprocess.Popen[str], queue: str) -> psutil.Process | None:
    for child in psutil.Process(portal.pid).children():
        # None for one that has ended and is not yet buried
        if queue in (child.as_dict(["cmdline"])["cmdline"] or []):
            return child
    return None


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def database(db: None) -> str:
    """The URL of the test database."""
    with connection.cursor() as cursor:
        info = cursor.connection.info
        secret = f":{info.password}" if info.password else ""
        return f"postgresql://{info.user}{secret}@:{info.port}/{info.dbname}?host={info.host}"


@pytest.fixture
def portal(port: int, database: str) -> Iterator[subprocess.Popen[str]]:
    portal = start(port, database)
    try:
        until(portal, lambda: get(port, "/readyz")[0] == 200)
        yield portal
    finally:
        portal.kill()
        portal.communicate()


def test_serve_ends_within_five_seconds_and_leaves_nothing(
    portal: subprocess.Popen[str], port: int
) -> None:
    get(port, "/readyz?secret=words")
    family = psutil.Process(portal.pid).children(recursive=True)
    begun = time.monotonic()
    portal.terminate()
    said, _ = portal.communicate(timeout=10)
    assert time.monotonic() - begun < 5
    assert (portal.returncode, psutil.wait_procs(family, timeout=0)[1]) == (0, [])
    assert f"The portal answers at http://127.0.0.1:{port}/" in said
    assert '"GET /readyz" 200' in said
    assert "words" not in said


def test_serve_starts_a_killed_worker_again(portal: subprocess.Popen[str]) -> None:
    killed = worker(portal, "default")
    assert killed
    killed.kill()
    until(portal, lambda: worker(portal, "default") not in {None, killed})


def test_every_job_has_a_worker(portal: subprocess.Popen[str]) -> None:
    queues = {task.queue for name, task in app.tasks.items() if "procrastinate" not in name}
    assert queues == {"default", "currents"}
    assert all(worker(portal, queue) for queue in queues)


def test_children_end_with_a_killed_parent(portal: subprocess.Popen[str]) -> None:
    everyone = psutil.Process(portal.pid).children(recursive=True)
    portal.kill()
    assert psutil.wait_procs(everyone, timeout=10)[1] == []


def test_serve_on_a_taken_port_is_one_line(database: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        portal = start(port, database)
        said, _ = portal.communicate(timeout=30)
    assert portal.returncode == 1
    assert said == (
        f"CommandError: Cannot listen on 127.0.0.1:{port}: Address already in use. "
        "Name another --port (or PORT=).\n"
    )


def test_a_child_that_falls_too_often_is_given_up(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serving, "PAUSES", (0, 0))
    child = serving.Child("worker", ["false"])
    with pytest.raises(serving.GivenUp, match="worker ended 3 times, last with code 1"):
        tend_for_ever(child)
    assert capfd.readouterr().err.count("starting it again in 0 s") == 2


def tend_for_ever(child: serving.Child) -> None:
    while True:
        child.tend()
