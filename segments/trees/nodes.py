"""Nodes made of several trees: people who are in all of them, or in one but not in another."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import and_

from pyroaring import BitMap

from segments.filters.base import Filter, Node, Population


@dataclass(frozen=True)
class Intersection:
    """The people who are in all of one or more ``nodes``."""

    nodes: tuple[Node, ...]

    def audience(self, people: Population) -> BitMap:
        return reduce(and_, (people.audience(node) for node in self.nodes))

    def leaves(self, people: Population) -> Iterator[Filter]:
        for node in self.nodes:
            yield from node.leaves(people)


@dataclass(frozen=True)
class Difference:
    """The people who are in ``node`` and not in ``without``."""

    node: Node
    without: Node

    def audience(self, people: Population) -> BitMap:
        return people.audience(self.node) - people.audience(self.without)

    def leaves(self, people: Population) -> Iterator[Filter]:
        yield from self.node.leaves(people)
        yield from self.without.leaves(people)


class Running:
    """Filters of a group up to one of them.

    ``before`` are the filters before ``item``. Falls from one to the next with “all”, rises with
    “any”.
    """

    def __init__(self, before: "Running | None", item: Node, join: str) -> None:
        self.before = before
        self.item = item
        self.join = join

    def audience(self, people: Population) -> BitMap:
        own = people.audience(self.item)
        if self.before is None:
            return own
        so_far = people.audience(self.before)
        return own & so_far if self.join == "all" else own | so_far

    def leaves(self, people: Population) -> Iterable[Filter]:
        if self.before is not None:
            yield from self.before.leaves(people)
        yield from self.item.leaves(people)


def running(items: Iterable[Node], join: str) -> list[Running]:
    """Return, for each of ``items``, the node of all up to it."""
    found: list[Running] = []
    for item in items:
        found.append(Running(found[-1] if found else None, item, join))
    return found
