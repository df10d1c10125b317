"""What a call may do to a custom attribute: set it, take it away, count it up, change its parts.

Each edit is a cleaned value with ``of(current)``: what becomes of the attribute's present value.
The words are those of Braze's user attributes object, its nested attributes and arrays of objects.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

from profiles.attributes import LARGEST, InvalidAttribute, clean_custom, clean_name, spelled
from profiles.track.array_items import MOST_MERGES, TooManyMerges, merged, updated, without

ALTERATIONS = frozenset({"add", "remove", "$add", "$remove", "$update"})
MATCH = frozenset({"$identifier_key", "$identifier_value"})


class Edit(Protocol):
    def of(self, current: Any) -> Any:
        """Return the new value, None for none. Raises ``InvalidAttribute``."""


@dataclass(slots=True)
class Put:
    """The value itself, or None, which takes the attribute away."""

    value: Any

    def of(self, current: Any) -> Any:
        return self.value


@dataclass(frozen=True, slots=True)
class Increment:
    """``{"inc": n}``: what is not there yet counts from 0."""

    name: str
    by: int

    def of(self, current: Any) -> Any:
        known = 0 if current is None else current
        if not _is_number(known):
            raise InvalidAttribute(f"'{self.name}' is not a number and cannot be incremented")
        if abs(total := known + self.by) > LARGEST:
            raise InvalidAttribute(f"'{self.name}' is not a number that can be kept")
        return total


@dataclass(frozen=True, slots=True)
class Merge:
    """An object whose keys are put into the present one, at every depth."""

    name: str
    value: dict[str, Any]

    def of(self, current: Any) -> Any:
        return clean_custom(self.name, merged(current, self.value))


@dataclass(frozen=True, slots=True)
class Alter:
    """Items to add to an array, to remove from it and, of objects, to update: in that order."""

    name: str
    add: list[Any] = field(default_factory=list)
    remove: list[Any] = field(default_factory=list)
    remove_matching: list[dict[str, Any]] = field(default_factory=list)
    update: list[dict[str, Any]] = field(default_factory=list)
    merge: bool = False

    def of(self, current: Any) -> Any:
        if not isinstance(current, list | None):
            raise InvalidAttribute(f"'{self.name}' is not an array")
        items = clean_custom(self.name, [*(current or []), *self.add])
        gone = {spelled(item) for item in self.remove}
        items = [item for item in items if spelled(item) not in gone] if gone else items
        items = without(items, self.remove_matching)
        try:
            return clean_custom(self.name, updated(items, self.update, merge=self.merge))
        except TooManyMerges:
            raise InvalidAttribute(
                f"'{self.name}' has updates that change its objects more than {MOST_MERGES} times"
            ) from None


def clean_edit(name: str, value: Any, *, merge: bool) -> Edit:
    """Return what the ``value`` sent for the custom attribute ``name`` does to it.

    ``merge`` says that objects are put into those that are there, instead of in their place.
    Raises ``InvalidAttribute``.
    """
    if isinstance(value, dict) and value:
        if value.keys() == {"inc"}:
            return _increment(clean_name(name), value["inc"])
        if value.keys() <= ALTERATIONS:
            return _alteration(clean_name(name), value, merge)
        if merge:
            # Of an object that is itself a time there is nothing to merge.
            cleaned = clean_custom(name, value)
            return Merge(name, cleaned) if isinstance(cleaned, dict) else Put(cleaned)
    return Put(clean_custom(name, value))


def _increment(name: str, by: Any) -> Increment:
    if not isinstance(by, int) or isinstance(by, bool) or abs(by) > LARGEST:
        raise InvalidAttribute(f"'{name}' can be incremented by whole numbers only")
    return Increment(name, by)


def _alteration(name: str, value: dict[str, Any], merge: bool) -> Alter:
    if not all(isinstance(items, list) for items in value.values()):
        raise InvalidAttribute(f"'{name}' takes arrays of what to add, remove and update")
    return Alter(
        name,
        add=clean_custom(name, [*value.get("add", ()), *value.get("$add", ())]),
        remove=clean_custom(name, value.get("remove", [])),
        remove_matching=[_match(name, item) for item in value.get("$remove", ())],
        update=[_update(name, item) for item in value.get("$update", ())],
        merge=merge,
    )


def _match(name: str, item: Any, *more: str) -> dict[str, Any]:
    if not isinstance(item, dict) or item.keys() != MATCH.union(more):
        keys = ", ".join(sorted(MATCH.union(more)))
        raise InvalidAttribute(f"'{name}' needs objects with {keys}")
    cleaned: dict[str, Any] = clean_custom(name, item)
    return cleaned


def _update(name: str, item: Any) -> dict[str, Any]:
    update = _match(name, item, "$new_object")
    if not isinstance(update["$new_object"], dict):
        raise InvalidAttribute(f"'{name}' needs a '$new_object' that is an object")
    return update


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
