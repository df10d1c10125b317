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
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
from django.conf import settings
from django.db import connection
from procrastinate.contrib.django import app

from braze_portal import serving
from tests.worlds.currents_world import forget_jobs
from tests.worlds.relay import Relay

ROOT: Path = settings.BASE_DIR


def start(port: int, database: str, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port), *options],
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


@pytest.fixture(autouse=True)
def nothing_left(transactional_db: None) -> Iterator[None]:
    """What workers write by themselves is gone before the next test looks."""
    yield
    forget_jobs()


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


@pytest.fixture
def relay(db: None) -> Iterator[Relay]:
    with Relay() as relay:
        yield relay


def test_serve_waits_for_a_database_that_is_away(relay: Relay, port: int) -> None:
    portal = start(port, relay.url)
    try:
        time.sleep(6)
        assert portal.poll() is None
        relay.open()
        until(portal, lambda: get(port, "/readyz")[0] == 200)
        # And again, while it serves.
        relay.close()
        time.sleep(1)
        assert get(port, "/readyz")[0] == 503
        time.sleep(5)
        relay.open()
        until(portal, lambda: get(port, "/readyz")[0] == 200)
    finally:
        portal.terminate()
        said, _ = portal.communicate(timeout=20)
    assert portal.returncode == 0
    lines = [line for line in said.splitlines() if line.startswith("serve: the database is away")]
    assert [line[-43:] for line in lines] == ["failed: Connection refused); waiting for it"]


def test_a_child_that_falls_for_want_of_the_database_is_not_given_up(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serving, "PAUSES", (0, 0))
    monkeypatch.setattr(serving, "DATABASE_PAUSES_SECONDS", (0, 0.01))
    reasons = iter(["refused"] * 20)
    monkeypatch.setattr(serving, "database_away", lambda: next(reasons, ""))
    child = serving.Child("worker", ["false"])
    with pytest.raises(serving.GivenUp):
        tend_for_ever(child)
    said = capfd.readouterr().err.splitlines()
    assert said[:2] == [
        "serve: worker ended with code 1: the database is away (refused); waiting for it",
        "serve: the database is back; starting worker",
    ]
    assert said[2:] == ["serve: worker ended with code 1; starting it again in 0 s"] * 2


def test_a_child_that_lived_for_a_while_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "PAUSES", (0, 0))
    monkeypatch.setattr(serving, "STEADY_SECONDS", 0.05)
    monkeypatch.setattr(serving, "database_away", str)
    child = serving.Child("worker", ["sleep", "0.1"])
    end = time.monotonic() + 2
    while time.monotonic() < end:
        child.tend()
        time.sleep(0.01)
    while child.process and child.process.poll() is None:
        time.sleep(0.01)
    assert child.falls == 1


def test_a_database_that_will_not_have_us_is_given_up(
    db: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serving, "PAUSES", (0, 0))
    monkeypatch.setattr(serving, "DATABASE_PAUSES_SECONDS", (0,))
    monkeypatch.setitem(connection.settings_dict, "NAME", "no_such_database")
    assert serving.serve(host="127.0.0.1", port=0) == 1
    said = capfd.readouterr().err.splitlines()[-1]
    assert said.startswith("serve: giving up: the database refuses us: ")
    assert "no_such_database" in said


@pytest.mark.parametrize(
    "command",
    [
        "provision --workspace acme --partner heap",
        "connector --workspace acme --url https://example.com",
        "seed --workspace acme --profiles 5",
        "audiences --verify",
        "audiences --verify --all --json",
        "createsuperuser --noinput --email a@example.com",
    ],
)
def test_a_command_on_a_new_database_says_what_to_do(database: str, command: str) -> None:
    address = urlsplit(database)
    name = f"empty_{address.path[1:]}"
    new = address._replace(path=f"/{name}").geturl()
    with psycopg.connect(database, autocommit=True) as server:
        server.execute(f"drop database if exists {name}")
        server.execute(f"create database {name}")
        try:
            ended = subprocess.run(
                [sys.executable, "manage.py", *command.split()],
                cwd=ROOT,
                env=os.environ | {"DATABASE_URL": new},
                capture_output=True,
                text=True,
            )
        finally:
            server.execute(f"drop database {name} with (force)")
    assert (ended.returncode, ended.stderr) == (
        1,
        "The database has no tables yet: run `manage.py migrate` or `manage.py serve` first.\n",
    )


def test_two_web_processes_share_the_port(port: int, database: str) -> None:
    portal = start(port, database, "--workers", "2")
    try:
        until(portal, lambda: get(port, "/readyz")[0] == 200)
        webs = [
            child
            for child in psutil.Process(portal.pid).children()
            if "braze_portal.web" in child.cmdline()
        ]
        assert len(webs) == 2
        webs[0].kill()
        assert get(port, "/readyz")[0] == 200
    finally:
        portal.terminate()
        portal.communicate(timeout=20)


def tend_for_ever(child: serving.Child) -> None:
    while True:
        child.tend()
