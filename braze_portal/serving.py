"""The whole portal as one parent with three children: the web server, the worker of its own jobs,
and the sender of connectors.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from types import FrameType

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection, connections
from psycopg import pq
from psycopg.conninfo import make_conninfo

from braze_portal import embedded_postgres, logs
from currents import tasks
from workspaces.slots import COMMON, of_a_worker

MIGRATION_LOCK = 0x706F7274616C  # any number that only we use
PAUSES = (1, 2, 4, 8, 16)  # seconds before each new start; after the last one we give up
STEADY_SECONDS = 10  # of life, after which a child did not fall for what it was told at its start
DATABASE_PAUSES_SECONDS = (1, 2, 4, 8, 16, 30)  # between looks for a database that is away
LISTEN_BACKLOG = 1024
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
    #: File descriptors that it is given.
    files: tuple[int, ...] = ()
    started: float = 0
    falls: int = 0
    due: float = 0
    #: Why it is not started again yet; said once.
    waits_for: str = ""
    #: How often the database was looked for in vain.
    looks: int = 0

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603
            self.command,
            cwd=settings.BASE_DIR,
            env=os.environ | {"VAR_DIR": str(Path(settings.VAR_DIR).resolve())},
            start_new_session=True,
            pass_fds=self.files,
            preexec_fn=_die_with_parent,
        )

    def tend(self) -> None:
        """Notice a fall, start again when the pause is over.

        Raises GivenUp where it falls again and again as soon as it is started. While the database
        is away a child waits for it, for as long as that takes.
        """
        now = time.monotonic()
        if self.process is None:
            if now >= self.due:
                self._start_again()
        elif (code := self.process.poll()) is not None:
            self._fell(code, now)

    def _fell(self, code: int, now: float) -> None:
        self.process = None
        if reason := database_away():
            self._wait_for(reason, f"{self.name} ended with code {code}")
            return
        self.falls = 1 if now - self.started > STEADY_SECONDS else self.falls + 1
        if self.falls > len(PAUSES):
            raise GivenUp(f"{self.name} ended {self.falls} times, last with code {code}")
        pause = PAUSES[self.falls - 1]
        _say(f"{self.name} ended with code {code}; starting it again in {pause} s")
        self.due = now + pause

    def _start_again(self) -> None:
        if self.started and (reason := database_away()):
            self._wait_for(reason, f"{self.name} is not started")
            return
        if self.waits_for:
            _say(f"the database is back; starting {self.name}")
        self.falls, self.waits_for, self.looks = 0 if self.waits_for else self.falls, "", 0
        self.start()

    def _wait_for(self, reason: str, what: str) -> None:
        if not self.waits_for:
            _say(f"{what}: the database is away ({reason}); waiting for it")
        self.waits_for = reason
        self.due = (
            time.monotonic()
            + DATABASE_PAUSES_SECONDS[min(self.looks, len(DATABASE_PAUSES_SECONDS) - 1)]
        )
        self.looks += 1


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
    children: list[Child] = []
    with _asked_by_signal(), ExitStack() as ending:
        # After the socket is closed: who comes then is refused, not left without an answer.
        ending.callback(_stop, children)
        try:
            _bring_up_to_date()
            listening = ending.enter_context(listen_at(host, port))
            children += [
                *_web_children(listening, workers),
                Child("worker", _worker_command(COMMON, slots=of_a_worker())),
                Child("sender", _worker_command(tasks.QUEUE, slots=5)),
            ]
            listening.listen(LISTEN_BACKLOG)
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


def listen_at(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to ``host`` and ``port`` and refuses connections as yet."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening


def database_away() -> str:
    """Return why the database does not answer, or nothing where it does."""
    parameters = connection.get_connection_params() | {"connect_timeout": 3}
    try:
        if not os.environ.get("DATABASE_URL"):
            # It is ours to start.
            embedded_postgres.url(settings.VAR_DIR / "postgres")
        psycopg.connect(**parameters).close()
    except (psycopg.OperationalError, embedded_postgres.NoServer) as error:
        return str(error).strip().splitlines()[0]
    return ""


def _bring_up_to_date() -> None:
    """Prepare the database, once it is there and for as long as it goes away meanwhile."""
    while True:
        _await_database()
        try:
            return _prepare()
        except OperationalError:
            connections.close_all()
            if not database_away():
                raise


def _await_database() -> None:
    """Return when the database answers; raise GivenUp where it does but will not have us."""
    refused = 0
    for pause in chain(DATABASE_PAUSES_SECONDS, repeat(DATABASE_PAUSES_SECONDS[-1])):
        reason = database_away()
        if not reason:
            return
        refused += _is_listening()
        if refused > len(PAUSES):
            raise GivenUp(f"the database refuses us: {reason}")
        if pause == DATABASE_PAUSES_SECONDS[0]:
            _say(f"the database is away ({reason}); waiting for it")
        time.sleep(pause)


def _is_listening() -> bool:
    """Tell whether a server takes connections where the database should be, even if not ours."""
    names = connection.get_connection_params()
    where = {name: names[name] for name in ("host", "port") if names.get(name)}
    info = make_conninfo(**where, connect_timeout=3)
    return pq.PGconn.ping(info.encode()) == pq.Ping.OK


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


def _web_children(listening: socket.socket, workers: int) -> list[Child]:
    """Return the web processes, which all take connections from one socket."""
    command = [sys.executable, "-m", "braze_portal.web", "--socket", str(listening.fileno())]
    names = ["web server"] if workers == 1 else [f"web server {n + 1}" for n in range(workers)]
    return [Child(name, command, files=(listening.fileno(),)) for name in names]


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
