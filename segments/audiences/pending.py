"""What a page still waits for: filters whose bitmaps are being built, or could not be."""

from dataclasses import dataclass

from segments.audiences.people import People
from segments.models import LeafBuild

#: How often a page asks again: while something is being built, and when all that failed.
SOON, LATER = "700ms", "10s"


@dataclass(frozen=True)
class Pending:
    """The builds that the numbers of a page wait for; None for one that is about to be asked."""

    builds: tuple[LeafBuild | None, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.builds)

    @property
    def failures(self) -> list[LeafBuild]:
        return [build for build in self.builds if build and build.reason]

    @property
    def reasons(self) -> list[str]:
        """Why builds failed, each reason once."""
        return list(dict.fromkeys(build.reason for build in self.failures))

    @property
    def every(self) -> str:
        """How often to ask again, as htmx writes it."""
        return LATER if len(self.failures) == len(self.builds) else SOON


def pending_of(people: People) -> Pending:
    """Return what the numbers that were asked of ``people`` wait for. Ask when all are asked."""
    return Pending(tuple(people.pending.values()))
