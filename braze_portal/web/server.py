"""The loop over all connections of a process, and its orderly end."""

import logging
import resource
import select
import socket
from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Any

from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher
from waitress.wasyncore import readwrite

from braze_portal.web import limits
from braze_portal.web.channels import Channel
from braze_portal.web.requests import Grant, Request

log = logging.getLogger(__name__)

IN, OUT = select.POLLIN, select.POLLOUT


class Server(TcpWSGIServer):
    """Serves ``application`` on a listening socket until ``stop``.

    ``grant`` tells of an environ how large the body may be that comes with it. It is asked in a
    thread, and only where the body is larger than anybody's may be.
    """

    channel_class = Channel
    accepting: bool

    def __init__(
        self,
        application: Callable[..., Any],
        listening: socket.socket,
        *,
        grant: Callable[[dict[str, Any]], Grant],
    ) -> None:
        self.grant = grant
        self.is_stopping = False
        self._stopping_since = 0.0
        self._poller = _poller()
        self._interests: dict[int, int] = {}
        #: What may wait for something else than at the last look.
        self._stirred: set[Any] = set()
        self._looked = 0.0
        self._most = _connections()
        self._strangers = Lock()
        self._strangers_bytes = 0
        super().__init__(
            application,
            {},
            _sock=listening,
            dispatcher=Threads(),
            adj=_adjustments(),
            sockinfo=(listening.family, listening.type, listening.proto, None),
            bind_socket=False,
        )

    def run(self) -> None:
        """Serve. Returns when all is said after ``stop``, or when the time for it is over."""
        self._stirred |= {self, self.trigger}
        while not (self.is_stopping and self._is_done()):
            self._look_around()
            for each in list(self._stirred):
                self._attend(each)
            for number, happened in self._poller.poll(self._pause):
                if each := self._map.get(number):
                    readwrite(each, happened)
                    self._stirred.add(each)
            self._bound_strangers()

    def stop(self) -> None:
        """Take no more connections, answer what was asked, and end. For a signal's handler."""
        if not self.is_stopping:
            self._stopping_since = monotonic()
            self.is_stopping = True
            self.pull_trigger()

    def close_all(self) -> None:
        """Close all sockets and end all threads, whatever they are at."""
        self.task_dispatcher.shutdown()
        for each in list(self._map.values()):
            each.close()
        self._poller.close()

    # The loop.

    def _attend(self, each: Any) -> None:
        """Have the poller wait for what ``each`` waits for."""
        number = each._fileno
        if not getattr(each, "is_busy", False):
            self._stirred.discard(each)
        if number is None or self._map.get(number) is not each:
            return
        wanted = (IN if each.readable() else 0) | (OUT if each.writable() else 0)
        known = self._interests.get(number)
        try:
            if known is None:
                self._poller.register(number, wanted)
            elif known != wanted:
                self._poller.modify(number, wanted)
        except OSError:
            return  # a thread has closed it meanwhile
        self._interests[number] = wanted

    def stir(self, each: Any) -> None:
        """Look again at what ``each`` waits for."""
        self._stirred.add(each)

    def leave(self, each: Any) -> None:
        """Forget ``each``, whose socket is about to be closed."""
        self._stirred.discard(each)
        if self._interests.pop(each._fileno, None) is not None:
            self._poller.unregister(each._fileno)

    def _look_around(self) -> None:
        now = monotonic()
        if now - self._looked < self._pause:
            return
        self._looked = now
        if self.is_stopping:
            self._take_leave(now)
        for channel in list(self.active_channels.values()):
            if channel.is_late(now):
                channel.handle_close()

    @property
    def _pause(self) -> float:
        return limits.LOOK_SECONDS / 10 if self.is_stopping else limits.LOOK_SECONDS

    def readable(self) -> bool:
        return self.accepting

    def handle_accept(self) -> None:
        if len(self.active_channels) >= self._most:
            self._make_room()
        super().handle_accept()

    def handle_error(self) -> None:
        # What goes wrong with one connection must not end the others, as it would by itself.
        log.exception("A connection could not be taken")

    def _make_room(self) -> None:
        """Close the connection that has kept us waiting for longest."""
        waiting = [each for each in self.active_channels.values() if not each.is_busy]
        if waiting:
            min(waiting, key=lambda channel: channel.since).handle_close()

    # The end.

    def _take_leave(self, now: float) -> None:
        if self.accepting:
            # Those that the system has welcomed in our name.
            for _ in range(self.adj.backlog):
                before = len(self.active_channels)
                self.handle_accept()
                if len(self.active_channels) == before:
                    break
            self.accepting = False
            self.leave(self)
            self.socket.close()
        if now - self._stopping_since > limits.LAST_CALL_SECONDS:
            for channel in list(self.active_channels.values()):
                if channel.is_idle and channel.ending_since is None:
                    channel.end_gently()

    def _is_done(self) -> bool:
        gone = monotonic() - self._stopping_since
        open_ones = self.active_channels.values()
        if self.accepting or gone < 0.1:
            return False
        return gone > limits.FAREWELL_SECONDS or all(
            channel.ending_since is not None and channel.is_idle for channel in open_ones
        )

    # Bodies of strangers.

    def count_stranger(self, request: Request) -> None:
        """Count what ``request`` has brought of its body, unless its sender is known."""
        if not request.is_known:
            with self._strangers:
                self._strangers_bytes += request.body_bytes - request.counted
                request.counted = request.body_bytes

    def forget_stranger(self, request: Request) -> None:
        """Count no more what ``request`` has brought: it is answered, or its sender is known."""
        with self._strangers:
            self._strangers_bytes -= request.counted
            request.counted = 0

    def _bound_strangers(self) -> None:
        """Give up bodies that have not come whole, the oldest first, while all are too much."""
        if self._strangers_bytes <= limits.STRANGERS_BYTES:
            return
        coming = [each for each in self.active_channels.values() if each.request]
        for channel in sorted(coming, key=lambda channel: channel.request.begun):
            if self._strangers_bytes <= limits.STRANGERS_BYTES:
                break
            if channel.request.counted:
                self.forget_stranger(channel.request)
                channel.give_up(channel.request, "Too much is being sent: try again")


class Threads(ThreadedTaskDispatcher):
    """As many threads as are needed at once, up to ``limits.THREADS``: each costs a megabyte."""

    def add_task(self, task: Any) -> None:
        with self.lock:
            idle = len(self.threads) - self.stop_count - self.active_count
            is_short = idle <= len(self.queue) and len(self.threads) < limits.THREADS
        if is_short:
            self.set_thread_count(len(self.threads) + 1)
        super().add_task(task)


class _Poll:
    """``select.poll`` as ``select.epoll`` is, for systems that have none."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self.register, self.modify = self._poll.register, self._poll.modify
        self.unregister = self._poll.unregister

    def close(self) -> None:
        pass

    def poll(self, seconds: float) -> list[tuple[int, int]]:
        return self._poll.poll(seconds * 1000)


def _poller() -> Any:
    return select.epoll() if hasattr(select, "epoll") else _Poll()


def _adjustments() -> Adjustments:
    return Adjustments(
        backlog=1024,
        recv_bytes=2**16,
        ident=None,
        max_request_header_size=limits.HEAD_BYTES,
        # Nothing is refused by waitress itself: see ``Request``.
        max_request_body_size=2**50,
        inbuf_overflow=limits.MEMORY_BODY_BYTES,
        outbuf_overflow=limits.MEMORY_BODY_BYTES,
        log_socket_errors=False,
        # ``lib.request_addresses`` knows whether a proxy stands before us.
        clear_untrusted_proxy_headers=False,
    )


def _connections() -> int:
    """Return how many connections are taken: each may have a file for its body."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(limits.CONNECTIONS, most // 3)
