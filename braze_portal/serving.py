"""The whole portal as one parent with three children: the web server, the worker of its own jobs,
and the sender of connectors.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from braze_portal import logs
from currents import tasks
from workspaces.slots import COMMON, of_a_worker

MIGRATION_LOCK = 0x706F7274616C  # any number that only we use
PAUSES = (1, 2, 4, 8, 16)  # seconds before each new start; after the last one we give up
STEADY_SECONDS = 60  # of life, after which earlier falls are forgotten
FAREWELL_SECONDS = 3.5  # for a child to end in order; the database needs a moment after it
PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


class GivenUp(Exception):
    """A child fell again and again, or never answered."""


class _Asked(BaseException):
    """A signal asked us to end: SIGTERM or SIGINT."""


@dataclass
class Child:
    """A process to keep running. It leads a session, so only we pass the terminal's signals on."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0
    falls: int = 0
    due: float = 0

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603
            self.command,
            cwd=settings.BASE_DIR,
            env=os.environ | {"VAR_DIR": str(Path(settings.VAR_DIR).resolve())},
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )

    def tend(self) -> None:
        """Notice a fall, start again when the pause is over; raises GivenUp after the last one."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due:
                self.start()
        elif (code := self.process.poll()) is not None:
            self.falls = 1 if now - self.started > STEADY_SECONDS else self.falls + 1
            if self.falls > len(PAUSES):
                raise GivenUp(f"{self.name} ended {self.falls} times, last with code {code}")
            pause = PAUSES[self.falls - 1]
            _say(f"{self.name} ended with code {code}; starting it again in {pause} s")
            self.process, self.due = None, now + pause


def serve(
    *,
    host: str,
    port: int,
    workers: int = 1,
    access_log: bool = True,
    once_up: Callable[[], None] | None = None,
) -> int:
    """Migrate, then run web and workers until SIGTERM or SIGINT; return the exit code.

    ``workers`` counts web processes. ``once_up`` is called when the web server answers, while
    all children run; what it raises ends the portal. Must be called in the main thread.
    """
    # Settings of the children: the operator's word comes first.
    os.environ.setdefault("ACCESS_LOG", "1" if access_log else "0")
    os.environ["SERVE_HOST"] = host
    _prepare()
    children = [
        Child("web server", _web_command(host, port, workers)),
        Child("worker", _worker_command(COMMON, slots=of_a_worker())),
        Child("sender", _worker_command(tasks.QUEUE, slots=5)),
    ]
    with _asked_by_signal():
        try:
            _await_answer(children, f"http://{_named(host)}:{port}/healthz")
            if once_up:
                once_up()
            while True:
                _tend(children)
        except _Asked:
            return 0
        except GivenUp as reason:
            _say(f"giving up: {reason}")
            return 1
        finally:
            _stop(children)


def _prepare() -> None:
    """Bring tables and static files up to date, one server at a time."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            call_command("migrate", interactive=False, verbosity=0)
            if not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
                call_command("collectstatic", interactive=False, verbosity=0)
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", [MIGRATION_LOCK])
    connections.close_all()
    # The threads of the pool must not see the forks that follow.
    connection.close_pool()  # type: ignore[attr-defined]


def _web_command(host: str, port: int, workers: int) -> list[str]:
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    command = [sys.executable, "-m", "gunicorn", "--config", "python:braze_portal.gunicorn"]
    return [*command, "--bind", address, "--workers", str(workers)]


def _worker_command(queue: str, *, slots: int) -> list[str]:
    command = [sys.executable, "manage.py", "procrastinate", "worker", "--queues", queue]
    # Several at once: a long export must not keep a page waiting for its exact size. A sender has
    # no more than five: so many threads has Python on a machine with one processor.
    command += ["--concurrency", str(slots), "--shutdown-graceful-timeout", "2"]
    # What is due at a time, as a batch of events is, starts within a second of it.
    return [*command, "--fetch-job-polling-interval", "1"]


def _named(host: str) -> str:
    """The host by which we reach ourselves when bound to ``host``."""
    if host in {"", "0.0.0.0"}:  # noqa: S104
        return "127.0.0.1"
    return f"[{'::1' if host == '::' else host}]" if ":" in host else host


def _await_answer(children: list[Child], address: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        _tend(children)
        try:
            opener.open(address, timeout=5).close()
        except urllib.error.HTTPError:
            return  # a refusal is an answer
        except OSError:
            continue
        return


def _tend(children: list[Child]) -> None:
    for child in children:
        child.tend()
    time.sleep(0.2)


def _stop(children: list[Child]) -> None:
    running = [child.process for child in children if child.process]
    for process in running:
        if process.poll() is None:
            process.terminate()
    until = time.monotonic() + FAREWELL_SECONDS
    for process in running:
        try:
            process.wait(max(0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def _asked_by_signal() -> Iterator[None]:
    """Turn the first SIGTERM or SIGINT into _Asked; later ones do not disturb the farewell."""

    def ask(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        raise _Asked

    before = {each: signal.signal(each, ask) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _die_with_parent() -> None:
    """In the child, on Linux: end in order should the parent be killed."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)


def _say(what: str) -> None:
    print(logs.told("serve", what), file=sys.stderr, flush=True)
