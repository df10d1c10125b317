"""The web server against slow, hostile and forgetful clients: real sockets, a small application."""

import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest

from braze_portal.web import limits
from braze_portal.web.requests import Grant
from braze_portal.web.server import Server
from rest.bodies import UNREAD_BODY

KIB = 2**10
#: More than the system takes off our hands for a client that reads nothing.
LARGE = 8 * KIB * KIB
GET = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
#: An application that answers in its own time, for the tests of the orderly end.
gate = Event()


def application(environ: dict[str, Any], start_response: Any) -> list[bytes] | Iterator[bytes]:
    path = environ["PATH_INFO"]
    if path == "/nothing":
        start_response("204 No Content", [])
        return []
    if path == "/stream":
        start_response("200 OK", [("X-RateLimit-Limit", "5")])
        return iter([b"one ", b"two"])
    if path == "/large":
        start_response("200 OK", [])
        return [b"x" * LARGE]
    if path == "/slow":
        gate.wait(5)
    body = environ["wsgi.input"].read()
    said = f"read {len(body)}"
    if environ.get(UNREAD_BODY):
        said = f"unread {environ['CONTENT_LENGTH']}"
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [said.encode()]


class Web:
    """A server in a thread."""

    def __init__(self, most_bytes: Callable[[dict[str, Any]], int]) -> None:
        self.asked: list[str] = []

        def grant(environ: dict[str, Any]) -> Grant:
            self.asked.append(environ["PATH_INFO"])
            return Grant(most_bytes(environ))

        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.server = Server(application, self.listening, grant=grant)
        self.thread = Thread(target=self.server.run)
        self.thread.start()

    def connect(self, *, buffer: int = 0) -> socket.socket:
        client = socket.socket()
        if buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.settimeout(10)
        try:
            client.connect(("127.0.0.1", self.port))
        except OSError:
            client.close()
            raise
        return client

    def say(self, *parts: bytes) -> bytes:
        """Send ``parts``, and return all that is answered until the server closes."""
        with self.connect() as client:
            for part in parts:
                client.sendall(part)
            return everything(client)


def everything(client: socket.socket) -> bytes:
    parts = []
    while part := client.recv(2**16):
        parts.append(part)
    return b"".join(parts)


def one_answer(client: socket.socket) -> bytes:
    """Return the next answer, whose body is of declared length."""
    text = b""
    while b"\r\n\r\n" not in text:
        part = client.recv(1)
        assert part, text
        text += part
    length = next(line for line in text.split(b"\r\n") if line.startswith(b"Content-Length"))
    wanted = int(length.split(b":")[1])
    body = b""
    while len(body) < wanted:
        body += client.recv(wanted - len(body))
    return text + body


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@contextmanager
def a_web(most_bytes: Callable[[dict[str, Any]], int]) -> Iterator[Web]:
    gate.clear()
    web = Web(most_bytes)
    try:
        yield web
    finally:
        gate.set()
        web.server.stop()
        web.thread.join(10)
        web.server.close_all()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A server that has half a second of patience, and takes bodies of up to 200 KiB."""
    for name in ("HEAD_SECONDS", "STALL_SECONDS", "IDLE_SECONDS", "DISCARD_SECONDS"):
        monkeypatch.setattr(limits, name, 0.5)
    monkeypatch.setattr(limits, "LAST_CALL_SECONDS", 0.5)
    monkeypatch.setattr(limits, "LOOK_SECONDS", 0.1)
    with a_web(lambda environ: 200 * KIB) as web:
        yield web


def post(length: int, *, path: bytes = b"/body", more: bytes = b"") -> bytes:
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n"
    return head % (path, length, more)


# Slow ones.


@pytest.mark.parametrize(
    "begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b", post(100) + b"x"]
)
def test_who_says_nothing_more_is_hung_up_on(web: Web, begun: bytes) -> None:
    started = time.monotonic()
    with web.connect() as client:
        client.sendall(begun)
        assert everything(client) == b""
    assert 0.4 < time.monotonic() - started < 3


@pytest.mark.parametrize("begun", [GET[:-2], post(50_000)])
def test_who_says_a_byte_now_and_then_is_hung_up_on(web: Web, begun: bytes) -> None:
    with web.connect() as client:
        client.sendall(begun)
        with pytest.raises(OSError):
            drip(client)


def drip(client: socket.socket) -> None:
    for _ in range(40):
        client.sendall(b"a")
        time.sleep(0.1)


def test_who_goes_on_sending_has_the_time_that_it_takes(web: Web) -> None:
    parts = [b"x" * 5 * KIB] * 12
    with web.connect() as client:
        client.sendall(post(60 * KIB))
        for part in parts:
            client.sendall(part)
            time.sleep(0.15)
        assert everything(client).endswith(b"read 61440")


def test_a_kept_connection_is_closed_after_a_while(web: Web) -> None:
    with web.connect() as client:
        client.sendall(GET)
        assert one_answer(client).endswith(b"read 0")
        started = time.monotonic()
        assert everything(client) == b""
    assert 0.3 < time.monotonic() - started < 3


def test_who_takes_no_answer_is_hung_up_on(web: Web) -> None:
    with web.connect(buffer=4096) as client:
        client.sendall(GET.replace(b"/hello", b"/large"))
        ended(lambda: not web.server.active_channels)


def ended(condition: Callable[[], bool]) -> None:
    for _ in range(100):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("It did not come about within 5 seconds")


def test_slow_clients_keep_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = (b"", GET[:-2], post(5000) + b"x", GET.replace(b"/hello", b"/large"))
    with a_web(lambda environ: 0) as web:
        slow = [web.connect(buffer=4096) for _ in range(40)]
        for number, client in enumerate(slow):
            client.sendall(kinds[number % 4])
        time.sleep(0.3)
        started = time.monotonic()
        assert web.say(post(3), b"abc").endswith(b"read 3")
        assert time.monotonic() - started < 1
        for client in slow:
            client.close()


def test_when_there_are_too_many_the_one_that_waited_for_longest_makes_room(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.server, "_most", 3)
    silent = [web.connect() for _ in range(3)]
    with web.connect() as client:
        client.sendall(GET)
        assert one_answer(client).endswith(b"read 0")
    assert silent[0].recv(1) == b""
    for each in silent:
        each.close()


# Bodies.


def test_a_small_body_is_read_without_a_question(web: Web) -> None:
    assert web.say(post(64 * KIB), b"x" * 64 * KIB).endswith(b"read 65536")
    assert web.asked == []


def test_a_body_of_somebody_known_is_read(web: Web) -> None:
    assert web.say(post(200 * KIB), b"x" * 200 * KIB).endswith(b"read 204800")
    assert web.asked == ["/body"]


def test_a_body_that_may_not_be_so_large_is_answered_unread(web: Web) -> None:
    size = 20 * KIB * KIB
    assert web.say(post(size), b"x" * size).endswith(b"unread %d" % size)


def test_a_body_in_chunks_is_read_as_far_as_it_may_be(web: Web) -> None:
    head = post(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    chunk = b"%x\r\n" % (10 * KIB) + b"x" * 10 * KIB + b"\r\n"
    assert web.say(head, chunk * 20, b"0\r\n\r\n").endswith(b"read 204800")
    answer = web.say(head, chunk * 60, b"0\r\n\r\n")
    assert b"unread" in answer
    assert 200 * KIB < int(answer.rpartition(b" ")[2]) < 300 * KIB


@pytest.mark.parametrize(("size", "said"), [(100 * KIB, b"read"), (300 * KIB, b"unread")])
def test_only_a_body_that_may_come_is_asked_for(web: Web, size: int, said: bytes) -> None:
    with web.connect() as client:
        client.sendall(post(size, more=b"Expect: 100-continue\r\n"))
        first = client.recv(12)
        assert first == (b"HTTP/1.1 100" if said == b"read" else b"HTTP/1.1 200")
        if said == b"read":
            client.sendall(b"x" * size)
        assert everything(client).endswith(b"%s %d" % (said, size))


def test_where_nothing_can_be_found_out_the_client_is_asked_to_come_again() -> None:
    def fail(environ: dict[str, Any]) -> int:
        raise ValueError("no database")

    with a_web(fail) as web:
        assert status(web.say(post(100 * KIB), b"x" * 100 * KIB)) == 503


def test_of_too_many_bodies_at_once_the_oldest_is_given_up(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STRANGERS_BYTES", 100 * KIB)
    with web.connect() as first, web.connect() as second:
        for client in (first, second):
            client.sendall(post(60 * KIB) + b"x" * 55 * KIB)
            time.sleep(0.1)
        assert status(one_answer(first)) == 503
        second.sendall(b"x" * 5 * KIB)
        assert everything(second).endswith(b"read 61440")
    ended(lambda: web.server._strangers_bytes == 0)


# Malformed ones.


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"GET /" + b"a" * 8200 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 102 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 40_000 + b"\r\n\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA : b\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\nx", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\nx", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx", 400),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\nx", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nx", 501),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 5000, 400),
    ],
)
def test_what_is_no_request_is_refused_and_hung_up_on(web: Web, said: bytes, code: int) -> None:
    answer = web.say(said)
    assert (status(answer), b"\r\nConnection: close\r\n" in answer) == (code, True)


# Good ones.


def test_requests_on_one_connection_are_answered_in_their_order(web: Web) -> None:
    with web.connect() as client:
        client.sendall(GET + post(3).replace(b"Connection: close\r\n", b"") + b"abc" + GET)
        said = [one_answer(client).rpartition(b"\r\n")[2] for _ in range(3)]
    assert said == [b"read 0", b"read 3", b"read 0"]


def test_an_answer_in_parts_keeps_the_connection_and_its_headers(web: Web) -> None:
    with web.connect() as client:
        client.sendall(GET.replace(b"/hello", b"/stream"))
        text = b""
        while not text.endswith(b"0\r\n\r\n"):
            text += client.recv(1000)
        assert b"\r\nX-RateLimit-Limit: 5\r\n" in text
        assert text.endswith(b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n")
        client.sendall(GET)
        assert one_answer(client).endswith(b"read 0")


@pytest.mark.parametrize("path", [b"/hello", b"/stream", b"/large", b"/nothing"])
def test_no_body_goes_where_there_is_none(web: Web, path: bytes) -> None:
    method = b"GET" if path == b"/nothing" else b"HEAD"
    answer = web.say(method + b" " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert answer.count(b"\r\n\r\n") == 1


def test_a_large_answer_comes_whole(web: Web) -> None:
    ask = b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert len(web.say(ask).partition(b"\r\n\r\n")[2]) == LARGE


def test_what_is_refused_without_the_application_is_in_the_access_log(web: Web) -> None:
    told: list[Any] = []
    log = logging.getLogger("access")
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.access)  # type: ignore[attr-defined]
    log.addHandler(handler)
    try:
        answer = web.say(b"GET /a%0A[now]?key=1 HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n")
    finally:
        log.removeHandler(handler)
    assert status(answer) == 400
    [about] = told
    assert (about["method"], about["path"], about["status"]) == ("GET", "/a%0A[now]", 400)


# The end.


def test_what_has_begun_is_answered_before_the_end(web: Web) -> None:
    with web.connect() as busy, web.connect() as kept, web.connect() as half:
        busy.sendall(GET.replace(b"/hello", b"/slow"))
        kept.sendall(GET)
        assert b"Connection: close" not in one_answer(kept)
        half.sendall(GET[:-2])
        time.sleep(0.1)
        web.server.stop()
        time.sleep(0.2)
        with pytest.raises(ConnectionRefusedError):
            web.connect()
        kept.sendall(GET)
        half.sendall(GET[-2:])
        gate.set()
        for client in (busy, kept, half):
            answer = everything(client)
            assert (status(answer), b"\r\nConnection: close\r\n" in answer) == (200, True)
    web.thread.join(3)
    assert not web.thread.is_alive()


def test_connections_that_bring_nothing_do_not_delay_the_end(web: Web) -> None:
    with web.connect() as kept, web.connect():
        kept.sendall(GET)
        one_answer(kept)
        started = time.monotonic()
        web.server.stop()
        assert everything(kept) == b""
        web.thread.join(5)
    assert time.monotonic() - started < 2
