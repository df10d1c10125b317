"""The portal's own web process beside clients that are slow, and how it takes its leave."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException

import httpx
import psutil
import pytest

from tests.worlds.partner_calls import PartnerCaller, add
from tests.worlds.rest_callers import rest_caller
from tests.worlds.web_process import WebProcess

pytestmark = pytest.mark.django_db(transaction=True)

SLOW = 200
KINDS = (
    b"",
    b"POST /partners/heap/cohorts/users HTTP/1.1\r\nHost: x\r\nX-A: ",
    b"POST /partners/heap/cohorts/users HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n{",
    b"GET /static/vendor/tabler.min.css HTTP/1.1\r\nHost: x\r\n\r\n",
)


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[WebProcess]:
    process = WebProcess()
    yield process
    process.end(signal.SIGTERM)


@pytest.fixture
def slow(web: WebProcess) -> Iterator[list[socket.socket]]:
    """Clients that say nothing, half a head or half a body, or read no answer."""
    clients = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(SLOW)]
    for number, client in enumerate(clients):
        client.sendall(KINDS[number % len(KINDS)])
    yield clients
    for client in clients:
        client.close()


def test_a_partner_is_served_beside_slow_clients(
    heap: PartnerCaller, web: WebProcess, slow: list[socket.socket]
) -> None:
    started = time.monotonic()
    for _ in range(5):
        body = heap.keys | {"cohort_id": "c1", "cohort_changes": [add("nobody")]}
        assert web.post("cohorts/users", json=body).status_code == 201
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/sign-in/", {}, 413),
        ("/users/track", {"Authorization": "Bearer wrong"}, 401),
        ("/users/track", {}, 401),
        ("/partners/heap/cohorts/users", {}, 413),
    ],
)
def test_what_nobody_may_send_reaches_neither_memory_nor_disk(
    heap: PartnerCaller, web: WebProcess, path: str, headers: dict[str, str], status: int
) -> None:
    process = psutil.Process(web.process.pid)
    httpx.post(f"http://127.0.0.1:{web.port}{path}", headers=headers)
    before, written = process.memory_info().rss, process.io_counters().write_bytes
    headers = headers | {"Content-Type": "application/json"}
    url, body = f"http://127.0.0.1:{web.port}{path}", b"x" * 40_000_000
    assert httpx.post(url, content=body, headers=headers, timeout=20).status_code == status
    assert process.memory_info().rss - before < 10_000_000
    assert process.io_counters().write_bytes - written < 1_000_000


def test_a_call_with_a_good_key_may_be_large(heap: PartnerCaller, web: WebProcess) -> None:
    caller = rest_caller(heap.workspace)
    url = f"http://127.0.0.1:{web.port}/users/track"
    body = b'{"attributes": []}'.ljust(4 * 2**20)
    headers = caller.authorization | {"Content-Type": "application/json"}
    answer = httpx.post(url, content=body, headers=headers, timeout=20)
    assert (answer.status_code, answer.json()["message"][:11]) != (413, "Request Ent")


def test_no_call_breaks_when_the_web_process_is_told_to_end(db: None) -> None:
    web = WebProcess()
    counts: list[int] = []
    broken: list[str] = []

    def call_on_and_on() -> None:
        done = 0
        connection = HTTPConnection("127.0.0.1", web.port, timeout=10)
        while True:
            try:
                connection.connect()
            except ConnectionRefusedError:
                break  # it is gone, and says so
            try:
                for _ in iter(lambda: connection.sock is not None, False):
                    connection.request("GET", "/healthz")
                    connection.getresponse().read()
                    done += 1
            except (OSError, HTTPException) as error:
                broken.append(repr(error))
                break
        connection.close()
        counts.append(done)

    callers = [threading.Thread(target=call_on_and_on) for _ in range(6)]
    for caller in callers:
        caller.start()
    time.sleep(1)
    web.process.send_signal(signal.SIGTERM)
    for caller in callers:
        caller.join(10)
    assert web.process.wait(5) == 0
    assert broken == []
    assert sum(counts) > 100
