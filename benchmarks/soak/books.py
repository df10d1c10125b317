"""What the clients know: which calls were answered, and what must be there because of them."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Lock

#: So many of the four writers are to be in the middle of a call when a process is killed. It is
#: waited for no longer than this.
TRAFFIC = 3
TRAFFIC_SECONDS = 10


@dataclass
class Tally:
    """The calls of one kind."""

    calls: int = 0
    answered: int = 0
    #: By status.
    refused: Counter[int] = field(default_factory=Counter)
    #: No answer came at all.
    broken: int = 0
    retried: int = 0
    #: Refused or broken though nothing had been killed for a while.
    unprovoked: int = 0
    longest_seconds: float = 0


class Books:
    """Kept by all clients together. A change is written down once it was answered 2xx."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.tallies: dict[str, Tally] = defaultdict(Tally)
        #: The last word of the partner: who is in each cohort.
        self.members: dict[str, set[str]] = defaultdict(set)
        self.attributes: dict[str, int] = {}
        #: Each event by its id, and how often at most it may be there: once more for each try of
        #: its call that was left without an answer, or failed.
        self.events: dict[str, int] = {}
        #: Imports that were answered, and how many more may have been applied.
        self.imports = 0
        self.unsure_imports = 0
        self.exports: list[str] = []
        #: What went wrong: the soak has failed.
        self.violations: list[str] = []

    def violate(self, what: str) -> None:
        with self.lock:
            self.violations.append(what)
        print(f"VIOLATION: {what}", flush=True)


class Gate:
    """What writers pass one call at a time, and what holds all of them still."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._closed = False
        self._inside = 0

    @contextmanager
    def passing(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def await_traffic(self) -> None:
        """Return as soon as several writers wait for their answers; they come at any moment."""
        until = time.monotonic() + TRAFFIC_SECONDS
        while self._inside < TRAFFIC and time.monotonic() < until:
            time.sleep(0.0005)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let nobody in; begin when everybody is out: each with an answer."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: self._inside == 0)
        try:
            yield
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()
