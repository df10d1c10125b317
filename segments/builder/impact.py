"""What saving a draft would change: who enters, who leaves, and which messages that concerns."""

from dataclasses import dataclass

from segments.audiences.estimates import Size
from segments.audiences.people import People
from segments.filters.base import InvalidTree
from segments.models import Segment
from segments.trees.nesting import affected
from segments.trees.nodes import Difference
from segments.trees.tree import Tree
from segments.trees.uses import Use


@dataclass(frozen=True)
class Impact:
    """``enter`` and ``leave`` are None where they cannot be told."""

    enter: Size | None
    leave: Size | None
    uses: list[Use]

    @property
    def known(self) -> bool:
        return self.enter is not None and self.leave is not None

    @property
    def changes(self) -> bool:
        """Tell whether anybody enters or leaves, as far as is known."""
        return not self.enter == self.leave == Size(0)


def impact_of(people: People, segment: Segment, draft: Tree) -> Impact:
    """Compare ``draft`` with the tree of ``segment`` as it is stored in this snapshot."""
    enter = leave = None
    try:
        stored = people.tree(segment.pk)
    except InvalidTree:  # what is stored cannot be read any more
        pass
    else:
        same = draft == stored
        enter = Size(0) if same else people.size(Difference(draft, stored))
        leave = Size(0) if same else people.size(Difference(stored, draft))
    return Impact(enter, leave, affected(segment.workspace, [segment.pk])[segment.pk])
