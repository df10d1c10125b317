"""How two segments overlap."""

from dataclasses import dataclass

from segments.audiences.estimates import Size
from segments.audiences.people import People
from segments.trees.nodes import Difference, Intersection
from segments.trees.tree import Tree

#: How wide the drawing is, in its own units.
WIDTH = 1000


@dataclass(frozen=True)
class Overlap:
    """Sizes of the two, of what they share and of what only one has. None cannot be told."""

    a: Size | None
    b: Size | None
    both: Size | None
    only_a: Size | None
    only_b: Size | None

    @property
    def share_of_a(self) -> float | None:
        """The part of A that is in B too, in percent."""
        return share(self.both, self.a)

    @property
    def share_of_b(self) -> float | None:
        return share(self.both, self.b)

    @property
    def bars(self) -> dict[str, int] | None:
        """Where the bars of A and B begin and how wide they are, one above the other to scale.

        What they share lies one above the other.
        """
        parts = (self.only_a, self.both, self.only_b)
        only_a, both, only_b = (part.count if part else 0 for part in parts)
        whole = only_a + both + only_b
        if not whole:
            return None
        start, end = WIDTH * only_a // whole, WIDTH * (only_a + both) // whole
        return {"start": start, "end": end, "shared": end - start, "rest": WIDTH - start}


def share(part: Size | None, whole: Size | None) -> float | None:
    """Return ``part`` in percent of ``whole``, where both are known."""
    if part is None or whole is None or not whole.count:
        return None
    return min(100.0, 100 * part.count / whole.count)


def overlap_of(people: People, a: Tree, b: Tree) -> Overlap:
    """Measure both trees and what they share, all of one snapshot."""
    nodes = (a, b, Intersection((a, b)), Difference(a, b), Difference(b, a))
    people.prepare(nodes)
    return Overlap(*(people.size(node) for node in nodes))
