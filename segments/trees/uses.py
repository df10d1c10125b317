"""Where segments are used: each room that targets segments says so in ``segment_uses``."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from segments.filters.base import Label
from workspaces.models import Workspace


@dataclass(frozen=True)
class Use:
    """One thing that uses a segment: a campaign, a Canvas, another segment."""

    kind: Label
    name: str
    url: str


type Finder = Callable[[Workspace, Collection[UUID]], Iterable[tuple[UUID, Use]]]

FINDERS: list[Finder] = []


def register(finder: Finder) -> Finder:
    """Enter a finder: it gives the uses of the segments whose ids it is handed."""
    FINDERS.append(finder)
    return finder


def uses_of(workspace: Workspace, segments: Collection[UUID]) -> dict[UUID, list[Use]]:
    """Return what uses each of ``segments``, archived things left out."""
    found: dict[UUID, list[Use]] = defaultdict(list)
    for finder in FINDERS:
        for pk, use in finder(workspace, segments):
            found[pk].append(use)
    return found


type Trees = Callable[[Workspace], Iterable[tuple[Use, dict[str, Any]]]]

TREES: list[Trees] = []


def register_trees(finder: Trees) -> Trees:
    """Enter a finder of stored trees: each with what it belongs to, archived things too."""
    TREES.append(finder)
    return finder


def trees_of(workspace: Workspace) -> Iterable[tuple[Use, dict[str, Any]]]:
    """Give every stored tree of a workspace, with the segment or the message it belongs to."""
    for finder in TREES:
        yield from finder(workspace)
