"""A real HTTP receiver: what a connector, a webhook or a callback calls in a test."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    connection: tuple[str, int]
    at: float = field(default_factory=time.monotonic)

    @property
    def events(self) -> list[dict[str, Any]]:
        zipped = self.headers.get("content-encoding") == "gzip"
        return json.loads(gzip.decompress(self.body) if zipped else self.body)["events"]

    @property
    def ids(self) -> list[str]:
        return [event["id"] for event in self.events]


@dataclass
class Answer:
    """What the receiver says; ``body`` instead of a list of pieces is sent whole."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    #: Called with the connection instead of answering: to hang, to drop, to send garbage.
    instead: Callable[["Handler"], None] | None = None


type Answers = Callable[[Received], Answer]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Receiver"

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:  # whoever sent it was killed
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Received(self.path, headers, body, self.client_address)
        with self.server.lock:
            self.server.requests.append(request)
        answer = self.server.answers(request)
        if answer.instead:
            answer.instead(self)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *args: object) -> None:
        pass


class Receiver(ThreadingHTTPServer):
    """Keeps every request; answers as ``answers`` says, 200 at first."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[Received] = []
        self.lock = threading.Lock()
        self.answers: Answers = lambda request: Answer()

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events"

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event of every request, as often as it came."""
        return [event for request in self.requests for event in request.events]

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # somebody hung up: the tests do that


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver on a port of its own until the block ends."""
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.server_close()
        thread.join()


def drop(handler: Handler) -> None:
    """End the connection without a word."""
    handler.close_connection = True


def garbage(handler: Handler) -> None:
    """Say what is not HTTP."""
    handler.wfile.write(b"\x00\xff no such thing\r\n\r\n")
    handler.close_connection = True


def hang(seconds: float) -> Callable[[Handler], None]:
    """Say nothing for ``seconds``, then end the connection."""

    def silent(handler: Handler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return silent


def drip(handler: Handler) -> None:
    """Send a status line and then a header that never ends, a byte at a time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    handler.close_connection = True
    for _ in range(100):
        time.sleep(0.05)
        handler.wfile.write(b"x")
