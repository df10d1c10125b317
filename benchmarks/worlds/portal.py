"""The portal as partners and browsers meet it: a real web process, a connection kept alive."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from time import perf_counter

import psutil
from django.conf import settings


@dataclass(frozen=True)
class Portal:
    """One web process, as ``manage.py serve`` runs it, and a worker beside it."""

    port: int
    process: psutil.Process

    def connect(self) -> HTTPConnection:
        """Open a connection. The client is the standard library's: little time is the client's."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def resident_mb(self) -> float:
        """The memory of the web process."""
        return float(self.process.memory_info().rss / 1e6)


@contextmanager
def running() -> Iterator[Portal]:
    """Run the portal over Django's database until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    web = [sys.executable, "-m", "braze_portal.web"]
    worker = [sys.executable, "manage.py", "procrastinate", "worker"]
    with (
        _child([*web, "--bind", f"127.0.0.1:{port}"]) as web_process,
        _child([*worker, "--shutdown-graceful-timeout", "2"]),
    ):
        portal = Portal(port, psutil.Process(web_process.pid))
        _await(portal)
        yield portal


@contextmanager
def _child(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``command`` until the end of the block."""
    child = subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env=os.environ | {"VAR_DIR": str(settings.VAR_DIR.resolve()), "ACCESS_LOG": "0"},
    )
    try:
        yield child
    finally:
        child.terminate()
        child.wait()


def post(
    connection: HTTPConnection, path: str, body: bytes, headers: dict[str, str], *, expect: int
) -> float:
    """Make a call, insist on its answer, and return the milliseconds until it was all read."""
    return timed(connection, "POST", path, body, headers, expect=expect)[0]


def timed(
    connection: HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: dict[str, str],
    *,
    expect: int,
) -> tuple[float, str]:
    """Make a call, insist on its answer; return the milliseconds until it was all read, and it."""
    started = perf_counter()
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    took = (perf_counter() - started) * 1000
    if answer.status != expect:
        raise SystemExit(f"{path} was answered {answer.status}: {text[:300]!r}")
    return took, text.decode()


def _await(portal: Portal) -> None:
    for _ in range(300):
        try:
            connection = portal.connect()
        except OSError:
            time.sleep(0.1)
            continue
        timed(connection, "GET", "/healthz", None, {}, expect=200)
        connection.close()
        return
    raise SystemExit("The web process did not come up within 30 s")
