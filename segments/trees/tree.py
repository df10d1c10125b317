"""The tree that a segment is: filters in groups, groups in a tree, exclusions on top.

Stored as JSON: ``{"join": "all", "groups": [group, ...], "exclusions": [group, ...]}`` where a
group is ``{"join": "all", "filters": [leaf, ...]}`` and a leaf what ``Filter.dump`` gives. Groups
without filters say nothing; a tree that says nothing means everyone.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, reduce
from itertools import count
from operator import and_, or_
from typing import Any

from django.utils.translation import gettext as _
from pyroaring import BitMap

from segments.filters.base import Filter, InvalidTree, Population, Query
from segments.filters.catalogue import Catalogue
from segments.filters.in_words import shown
from segments.filters.judging import checked_leaf
from segments.trees.shapes import check_join, check_tree
from workspaces.models import Workspace

#: Pages read the same few hundred trees again and again: those read last are kept, of characters
#: no more than this each.
KEPT_TREES = 1024
KEPT_LENGTH = 10_000


@dataclass(frozen=True)
class Group:
    """Filters of which all, or any, must hold."""

    filters: tuple[Filter, ...]
    join: str = "all"

    def audience(self, people: Population) -> BitMap:
        return joined(self.join, (people.audience(item) for item in self.filters))

    def leaves(self, people: Population) -> Iterator[Filter]:
        for item in self.filters:
            yield from item.leaves(people)

    def condition(self, workspace: Workspace, now: datetime) -> Query:
        return joined_sql(self.join, (item.condition(workspace, now) for item in self.filters))

    def sentence(self, catalogue: Catalogue) -> str:
        return joined_words(self.join, [item.sentence(catalogue) for item in self.filters])


@dataclass(frozen=True)
class Tree:
    """Groups of which all, or any, must hold, less everyone in an exclusion group."""

    groups: tuple[Group, ...] = ()
    join: str = "all"
    exclusions: tuple[Group, ...] = ()

    def filters(self) -> Iterator[Filter]:
        """Give every filter, those of the exclusions too."""
        for group in self.groups + self.exclusions:
            yield from group.filters

    def audience(self, people: Population) -> BitMap:
        """Return the ids of the people who are in the tree."""
        inside = (
            joined(self.join, (people.audience(group) for group in self.groups))
            if self.groups
            else people.everyone()
        )
        return reduce(
            BitMap.difference, (people.audience(group) for group in self.exclusions), inside
        )

    def leaves(self, people: Population) -> Iterator[Filter]:
        for group in self.groups + self.exclusions:
            yield from group.leaves(people)

    def condition(self, workspace: Workspace, now: datetime) -> Query:
        """Say the same as ``audience`` as one condition of plain SQL over a column ``id``."""
        inside = (
            joined_sql(self.join, (group.condition(workspace, now) for group in self.groups))
            if self.groups
            else Query("true")
        )
        outside = (group.condition(workspace, now) for group in self.exclusions)
        return reduce(
            lambda so_far, group: Query(
                f"({so_far.sql}) and not ({group.sql})", so_far.params + group.params
            ),
            outside,
            inside,
        )

    def words(self, catalogue: Catalogue) -> tuple[str, str]:
        """Say what holds for people who are in, and what holds for those who are excluded."""
        said = [group.sentence(catalogue) for group in self.groups]
        if len(said) > 1:
            said = [
                f"({words})" if len(group.filters) > 1 else words
                for words, group in zip(said, self.groups, strict=True)
            ]
        outside = [group.sentence(catalogue) for group in self.exclusions]
        return joined_words(self.join, said), joined_words("any", outside)

    def sentence(self, catalogue: Catalogue) -> str:
        inside, outside = self.words(catalogue)
        if not inside and not outside:
            return _("Everyone")
        if not outside:
            return _("Everyone for whom %(inside)s") % {"inside": inside}
        if not inside:
            return _("Everyone, except those for whom %(outside)s") % {"outside": outside}
        return _("Everyone for whom %(inside)s, except those for whom %(outside)s") % {
            "inside": inside,
            "outside": outside,
        }

    def dump(self) -> dict[str, Any]:
        """Return the tree as it is stored."""
        return {
            "join": self.join,
            "groups": [dump_group(group) for group in self.groups],
            "exclusions": [dump_group(group) for group in self.exclusions],
        }


def dump_group(group: Group) -> dict[str, Any]:
    return {"join": group.join, "filters": [item.dump() for item in group.filters]}


def load_tree(stored: Any, catalogue: Catalogue | None = None) -> Tree:
    """Return the tree that ``Tree.dump`` stored; ``{}`` is everyone.

    Raises ``InvalidTree`` where it has another shape or names a filter, an operator or a join that
    does not exist; with a ``catalogue`` also for what its workspace does not have. The sentence
    names the filter, with a ``catalogue`` as its menu does.
    """
    check_tree(stored)
    numbers = count(1)
    return Tree(
        groups=load_groups(stored.get("groups", []), numbers, catalogue),
        join=check_join(stored),
        exclusions=load_groups(stored.get("exclusions", []), numbers, catalogue),
    )


def read_tree(text: str) -> Tree:
    """Return the tree of which ``text`` is the JSON, as ``load_tree`` does."""
    return _kept(text) if len(text) <= KEPT_LENGTH else load_tree(json.loads(text))


@lru_cache(maxsize=KEPT_TREES)
def _kept(text: str) -> Tree:
    return load_tree(json.loads(text))


def stored_filters(stored: Any) -> list[Filter]:
    """Return the filters of a stored tree; none if it cannot be read any more."""
    try:
        return list(load_tree(stored).filters())
    except InvalidTree:
        return []


def load_groups(
    stored: Iterable[dict[str, Any]], numbers: Iterator[int], catalogue: Catalogue | None
) -> tuple[Group, ...]:
    """Return the groups that have filters. ``numbers`` counts the filters of the whole tree."""
    groups = [
        Group(tuple(_leaf(leaf, next(numbers), catalogue) for leaf in group["filters"]), join)
        for group, join in [(group, check_join(group)) for group in stored]
    ]
    return tuple(group for group in groups if group.filters)


def _leaf(stored: Any, number: int, catalogue: Catalogue | None) -> Filter:
    try:
        return checked_leaf(stored, catalogue)
    except InvalidTree as error:
        key = stored.get("filter") if isinstance(stored, dict) else None
        named = catalogue.name_of if catalogue else shown
        name = named(key) if isinstance(key, str) else "?"
        raise InvalidTree(about(number, name, error)) from error


def about(number: int, name: str, problem: object) -> str:
    """Say what is wrong with the filter that is the ``number``-th of its tree."""
    words = {"number": number, "name": name, "problem": problem}
    return _("Filter %(number)s (%(name)s): %(problem)s") % words


def joined(join: str, bitmaps: Iterable[BitMap]) -> BitMap:
    """Return what is in all, or in any, of one or more bitmaps."""
    return reduce(and_ if join == "all" else or_, bitmaps)


def joined_sql(join: str, conditions: Iterable[Query]) -> Query:
    parts = list(conditions)
    word = " and " if join == "all" else " or "
    params = tuple(value for part in parts for value in part.params)
    return Query(word.join(f"({part.sql})" for part in parts), params)


def joined_words(join: str, words: list[str]) -> str:
    return (_(" and ") if join == "all" else _(" or ")).join(words)
