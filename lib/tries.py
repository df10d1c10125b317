"""How often something was tried of late, by whom: counted in the memory of a process."""

from collections import Counter
from threading import Lock
from time import monotonic


class Tries:
    """Counts tries by a name, such as an address, in windows of ``seconds``."""

    def __init__(self, most: int, *, seconds: float = 60) -> None:
        self.most, self.seconds = most, seconds
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        """Begin a new window."""
        self._counts: Counter[str | None] = Counter()
        self._ends = monotonic() + self.seconds

    def count(self, name: str | None) -> bool:
        """Count a try of ``name``, and tell whether it was one too many."""
        with self._lock:
            self._renew()
            self._counts[name] += 1
            return self._counts[name] > self.most

    def are_used_up(self, name: str | None) -> bool:
        """Tell whether another try of ``name`` would be one too many."""
        with self._lock:
            self._renew()
            return self._counts[name] >= self.most

    @property
    def wait(self) -> float:
        """The seconds until tries are counted anew."""
        return max(self._ends - monotonic(), 1)

    def _renew(self) -> None:
        if monotonic() > self._ends:
            self.forget()
