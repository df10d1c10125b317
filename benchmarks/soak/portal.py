"""The portal that is soaked: a server of its own, ``manage.py serve`` over it, and their deaths."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.worlds.clusters import Cluster

ROOT = Path(__file__).resolve().parent.parent.parent
#: Each kind of child of ``serve`` and the word of its command by which it is known.
ROLES = {"web": "braze_portal.web", "worker": "default", "sender": "currents"}
#: Two, so that one can live through everything.
WEB_PROCESSES = 2
#: The database is away for so long when it is stopped.
AWAY_SECONDS = 3
#: Ids of transactions that are given out twice, where nothing is written at the time of a crash.
FORGOTTEN = 300
START_SECONDS = 120


class Portal:
    """``manage.py serve`` over ``server``, from the environment of this process."""

    def __init__(self, server: Cluster, log: Path) -> None:
        self.server = server
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.log = log
        with log.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(self.port)]
                + ["--workers", str(WEB_PROCESSES)],
                cwd=ROOT,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        self._await()
        self.spared = self.children("web")[0].pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _await(self) -> None:
        until = time.monotonic() + START_SECONDS
        while b"The portal answers" not in self.log.read_bytes():
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"The portal did not come up: see {self.log}")
            time.sleep(0.2)

    def children(self, role: str) -> list[psutil.Process]:
        """Return the living processes of a role, the oldest first."""
        found = []
        for child in psutil.Process(self.process.pid).children():
            try:
                if ROLES[role] in child.cmdline():
                    found.append(child)
            except psutil.Error:  # it has just ended
                continue
        return sorted(found, key=lambda child: child.create_time())

    def kill(self, role: str, moment: Callable[[], None]) -> None:
        """Kill the process of a role once ``moment`` returns; of the web processes the one that is
        not spared. Where it is just being started again there is none yet: wait for it.
        """
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            for child in self.children(role):
                if child.pid != self.spared:
                    moment()
                    os.kill(child.pid, signal.SIGKILL)
                    return
            time.sleep(0.2)
        raise SystemExit(f"No {role} was started for {START_SECONDS} s")

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Have workers and senders do nothing until the end of the block."""
        stopped = [child for role in ("worker", "sender") for child in self.children(role)]
        for child in stopped:
            child.suspend()
        try:
            yield
        finally:
            for child in stopped:
                with suppress(psutil.Error):
                    child.resume()

    def crash(self) -> None:
        """Kill a backend of PostgreSQL, as the kernel does when memory is short."""
        self.server.crash()

    def stop_at_once(self) -> None:
        """Stop PostgreSQL as a lost machine does, and start it again."""
        self.server.stop("immediate")
        time.sleep(AWAY_SECONDS)
        self.server.start()

    def deaths(self, moment: Callable[[], None]) -> dict[str, Callable[[], None]]:
        """Return what kills, by its name in the table; a process of the portal at ``moment``."""
        return {
            "web process": lambda: self.kill("web", moment),
            "worker": lambda: self.kill("worker", moment),
            "sender": lambda: self.kill("sender", moment),
            "PostgreSQL backend": self.crash,
            "PostgreSQL at once": self.stop_at_once,
        }

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(30)


@contextmanager
def running(server: Cluster, log: Path) -> Iterator[Portal]:
    portal = Portal(server, log)
    try:
        yield portal
    finally:
        portal.end()
