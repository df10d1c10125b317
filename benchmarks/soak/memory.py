"""The memory of the portal's processes over time."""

import statistics
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread

import psutil

from benchmarks.soak.portal import ROLES, Portal

SAMPLE_SECONDS = 5
#: A process that was just started has not yet what it needs for its work.
GROWN_UP_SECONDS = 25
#: The last third may have so much more than the second, and it still counts as the same.
SAME = 1.10
NEVER_KILLED = "web, never killed"


@dataclass(frozen=True)
class Sample:
    role: str
    minute: float
    age_seconds: float
    megabytes: float


@dataclass
class Memory:
    """Samples of all processes, taken by a thread until ``stop``."""

    portal: Portal
    stop: Event
    samples: list[Sample] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self.stop.wait(SAMPLE_SECONDS):
            with suppress(psutil.NoSuchProcess):  # the portal has ended
                self.samples += self._now()

    def _now(self) -> Iterator[Sample]:
        minute = (time.monotonic() - self.begun) / 60
        for role in ROLES:
            for child in self.portal.children(role):
                name = NEVER_KILLED if child.pid == self.portal.spared else role
                try:
                    age, held = time.time() - child.create_time(), child.memory_info().rss / 1e6
                except psutil.Error:  # it was killed meanwhile
                    continue
                yield Sample(name, minute, age, held)

    def latest(self, role: str) -> float | None:
        """Return the megabytes of a role that were seen last."""
        return next((s.megabytes for s in reversed(self.samples) if s.role == role), None)

    def median(self, role: str, since: float, until: float) -> float | None:
        """Return the median megabytes of a role between two minutes; None where it had no process
        that was grown up.
        """
        held = [
            sample.megabytes
            for sample in list(self.samples)
            if sample.role == role
            and since <= sample.minute < until
            and sample.age_seconds >= GROWN_UP_SECONDS
        ]
        return statistics.median(held) if held else None

    def verdict(self, role: str, minutes: float) -> tuple[bool, str]:
        """Tell whether the memory of a role is flat: its last third beside its second."""
        second = self.median(role, minutes / 3, minutes * 2 / 3)
        last = self.median(role, minutes * 2 / 3, minutes)
        if second is None or last is None:
            return True, "not judged"
        flat = last <= second * SAME
        return flat, f"{'flat' if flat else 'GROWS'} ({second:.0f} → {last:.0f} MB)"


def roles() -> list[str]:
    return [NEVER_KILLED, *ROLES]
