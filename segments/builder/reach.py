"""How a segment can be reached. The room that has channels enters them here."""

from dataclasses import dataclass

from segments.filters.base import Label
from segments.trees.tree import Tree


@dataclass(frozen=True)
class Way:
    """A channel: its label, the name of its icon, and the profiles that it reaches."""

    label: Label
    icon: str
    reaches: Tree


WAYS: dict[str, Way] = {}
