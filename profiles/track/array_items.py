"""Removing and updating the objects of an array by the value of one of their keys.

Each works in proportion to what it is given: objects are found by an index, not by comparing every
object with every word about them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from profiles.attributes import spelled

#: A key of an object and its value as ``spelled``.
type Mark = tuple[str, str]

#: How often one edit may put something into the objects of an array, all together.
MOST_MERGES = 10_000


class TooManyMerges(ValueError):
    """An edit that would change the same objects over and over."""


def without(items: list[Any], matches: Iterable[dict[str, Any]]) -> list[Any]:
    """Return ``items`` without the objects that fit one of ``matches``."""
    gone = {mark for match in matches for mark in _meant(match)}
    keys = {key for key, _ in gone}
    return [item for item in items if gone.isdisjoint(_marks(item, keys))]


def updated(items: list[Any], changes: list[dict[str, Any]], *, merge: bool) -> list[Any]:
    """Return ``items`` after ``changes``, one after the other.

    Each change puts its new object in the place of those that it fits, or with ``merge`` into them.

    Of objects that become the same only the last stays, as an array keeps each value once. Raises
    ``TooManyMerges``.
    """
    array = _Array(items, {key for change in changes for key, _ in _meant(change)})
    for change in changes:
        for mark in _meant(change):
            change_fitting = array.merge if merge else array.replace
            change_fitting(mark, change["$new_object"])
    return array.items()


def merged(current: Any, new: Any) -> Any:
    """Return ``current`` with the keys of ``new`` put into it, at every depth."""
    if not isinstance(current, dict) or not isinstance(new, dict):
        return new
    return current | {key: merged(current.get(key), value) for key, value in new.items()}


class _Array:
    """Items by their places, and the places by the marks that are asked for."""

    def __init__(self, items: list[Any], keys: set[str]) -> None:
        self.keys = keys
        self.by_place = dict(enumerate(items))
        self.places: defaultdict[Mark, set[int]] = defaultdict(set)
        self.merges = 0
        for place, item in self.by_place.items():
            self._enter(place, item)

    def replace(self, mark: Mark, new: dict[str, Any]) -> None:
        # They are the same from now on, so one of them is enough: whatever follows costs no more.
        if places := list(self.places.get(mark, ())):
            for place in places:
                self._leave(place, self.by_place.pop(place))
            self.by_place[max(places)] = new
            self._enter(max(places), new)

    def merge(self, mark: Mark, new: dict[str, Any]) -> None:
        places = list(self.places.get(mark, ()))
        self.merges += len(places)
        if self.merges > MOST_MERGES:
            raise TooManyMerges
        for place in places:
            item = self.by_place[place]
            self.by_place[place] = both = merged(item, new)
            self._leave(place, {key: item[key] for key in new if key in item})
            self._enter(place, {key: both[key] for key in new})

    def items(self) -> list[Any]:
        return [self.by_place[place] for place in sorted(self.by_place)]

    def _enter(self, place: int, item: Any) -> None:
        for mark in _marks(item, self.keys):
            self.places[mark].add(place)

    def _leave(self, place: int, item: Any) -> None:
        for mark in _marks(item, self.keys):
            self.places[mark].discard(place)


def _marks(item: Any, keys: set[str]) -> Iterator[Mark]:
    """Give the marks of an item for those of its keys that are among ``keys``."""
    if isinstance(item, dict):
        for key, value in item.items():
            if key in keys:
                yield key, spelled(value)


def _meant(match: dict[str, Any]) -> Iterator[Mark]:
    """Give the mark of the objects that are meant; none where no object can have it."""
    if isinstance(key := match["$identifier_key"], str):
        yield key, spelled(match["$identifier_value"])
