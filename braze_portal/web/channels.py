"""A connection: what it may bring, how slowly, and how it ends."""

import logging
import socket
from time import monotonic
from typing import Any

from waitress.channel import HTTPChannel

from braze_portal.web import limits
from braze_portal.web.answers import Answer, Refusal
from braze_portal.web.requests import Grant, Request, TryAgain

log = logging.getLogger(__name__)


class Channel(HTTPChannel):
    """A connection that holds no thread while its client is slow."""

    task_class = Answer
    error_task_class = Refusal
    parser_class = Request
    request: Request | None
    sendbuf_len: int
    close_when_flushed: bool
    #: Whether somebody is being asked how large the body may be: nothing is read until then.
    is_asking = False
    #: Since when the client has had its last answer, and what it still sends is thrown away.
    ending_since: float | None = None
    discarded = 0
    is_answered = False
    #: How much it may still send before it is another's turn.
    turn = limits.TURN_BYTES

    def __init__(self, server: Any, sock: socket.socket, *rest: Any, **named: Any) -> None:
        # From here on the client has time for what it does now: see ``is_late``.
        self.since = monotonic()
        self.moved = 0
        super().__init__(server, sock, *rest, **named)
        self.sendbuf_len = min(self.sendbuf_len, limits.TURN_BYTES)

    # What the loop asks.

    def readable(self) -> bool:
        if self.ending_since is not None:
            return True
        return not self.is_asking and super().readable()

    @property
    def is_busy(self) -> bool:
        """Whether a thread is at work for it, and may change what it waits for."""
        return bool(self.requests) or self.is_asking

    @property
    def is_idle(self) -> bool:
        """Whether it has been answered all that it asked."""
        return not (self.request or self.requests or self.total_outbufs_len)

    def is_late(self, now: float) -> bool:
        """Whether its client takes longer than it may for what it is at."""
        if self.ending_since is not None:
            return now - self.ending_since > limits.DISCARD_SECONDS
        if self.is_busy and not self.total_outbufs_len:
            self.since = now  # it waits for us
            return False
        return now - self.since > self._patience()

    def _patience(self) -> float:
        if self.total_outbufs_len or (self.request and self.request.headers_finished):
            return limits.STALL_SECONDS
        if self.request or not self.is_answered:
            return limits.HEAD_SECONDS
        return limits.IDLE_SECONDS

    def _move(self, count: int) -> None:
        """Note that ``count`` bytes went on: after enough of them the time begins anew."""
        self.moved += count
        if self.moved >= limits.STALL_BYTES:
            self._begin()

    def _begin(self) -> None:
        self.since, self.moved = monotonic(), 0

    # What the loop tells.

    def received(self, data: bytes) -> bool:
        """Take what the client has sent: a part of a request, or several."""
        if self.ending_since is not None:
            self._discard(len(data))
            return False
        with self.requests_lock:
            if self.will_close or self.close_when_flushed:
                return False
            while data:
                data = data[self._take(data) :]
            if self.request and self.request.wants_admission:
                self.is_asking = True
                self.server.add_task(Admission(self, self.request))
        return True

    def _take(self, data: bytes) -> int:
        if self.request is None:
            self.request = Request(self.adj)
            self._begin()
        request = self.request
        was_head = not request.headers_finished
        consumed = request.received(data)
        if request.headers_finished:
            self._begin() if was_head else self._move(consumed)
        self.server.count_stranger(request)
        self._maybe_continue(request)
        if request.completed:
            self._complete(request)
        return consumed

    def _maybe_continue(self, request: Request) -> None:
        if (
            request.expect_continue
            and request.headers_finished
            and not (request.completed or self.requests or self.sent_continue)
        ):
            self.send_continue()

    def send_continue(self) -> None:
        # A body that may be refused is not asked for.
        if self.request and not self.request.wants_admission:
            super().send_continue()

    def _complete(self, request: Request) -> None:
        self.sent_continue, self.request = False, None
        if not request.empty:
            self.requests.append(request)
            if len(self.requests) == 1:
                self.server.add_task(self)

    def admit(self, request: Request, grant: Grant) -> None:
        """Go on with ``request``, whose body may be as large as ``grant`` says."""
        if grant.is_known:
            self.server.forget_stranger(request)
        with self.requests_lock:
            request.admit(grant)
            self._go_on(request)

    def give_up(self, request: Request, said: str) -> None:
        """Answer ``request``, which has not come whole, that it may come again."""
        with self.requests_lock:
            request.fail(TryAgain(said))
            request.is_unread = True
            self._go_on(request)

    def _go_on(self, request: Request) -> None:
        self.is_asking = False
        self._begin()
        if self.request is not request:
            return
        if request.completed:
            self._complete(request)
        else:
            self._maybe_continue(request)

    def service(self) -> None:
        """Answer the first request that waits. In a thread of its own."""
        request = self.requests[0]
        self.lingers = bool(request.is_unread or request.error)
        try:
            super().service()
        finally:
            self.server.forget_stranger(request)
            self.is_answered = True
            self._begin()

    # How it ends.

    #: Whether the client may still be sending: a connection that is closed over unread bytes takes
    #: the answer with it.
    lingers = False

    def handle_write(self) -> None:
        ending = self.close_when_flushed and not self.total_outbufs_len
        if ending and self.lingers and not self.will_close and self.ending_since is None:
            self.close_when_flushed = False
            self.end_gently()
            return
        super().handle_write()

    def _flush_some(self, do_close: bool = True) -> Any:
        before, self.turn = self.total_outbufs_len, limits.TURN_BYTES
        try:
            return super()._flush_some(do_close)
        finally:
            self._move(max(0, before - self.total_outbufs_len))

    def send(self, data: bytes, do_close: bool = True) -> int:
        # A file for a fast client would keep all others waiting.
        if self.turn <= 0:
            return 0
        sent: int = super().send(data, do_close)
        self.turn -= sent
        return sent

    def end_gently(self) -> None:
        """Say that nothing more will be said, and wait for the client to close."""
        self.ending_since = monotonic()
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.handle_close()

    def _discard(self, count: int) -> None:
        self.discarded += count
        if self.discarded > limits.DISCARDED_BYTES:
            self.handle_close()

    def handle_close(self) -> None:
        if self.request:
            self.server.forget_stranger(self.request)
            self.request.close()
        super().handle_close()

    def add_channel(self, map: Any = None) -> None:
        super().add_channel(map)
        self.server.stir(self)

    def del_channel(self, map: Any = None) -> None:
        self.server.leave(self)
        super().del_channel(map)


class Admission:
    """The question how large the body of ``request`` may be. A thread asks it."""

    def __init__(self, channel: Channel, request: Request) -> None:
        self.channel, self.request = channel, request

    def service(self) -> None:
        environ = Answer(self.channel, self.request).get_environment()
        try:
            grant = self.channel.server.grant(environ)
        except Exception:
            log.exception("Nothing could be found out about who sends a body")
            self.channel.give_up(self.request, "Try again")
        else:
            self.channel.admit(self.request, grant)
        self.channel.server.pull_trigger()

    def cancel(self) -> None:
        self.channel.cancel()
