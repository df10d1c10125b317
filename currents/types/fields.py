"""The fields of each type of event, for documentation and forms."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from currents.types.base import CATALOGUE, Person, Properties


@dataclass(frozen=True)
class Described:
    """A field of an event, for documentation and forms."""

    name: str
    kind: str
    meaning: str
    always: bool


def person_fields(kind: type[Properties]) -> Iterator[Described]:
    return (each for each in _described(Person) if each.name not in kind.not_of_person)


def property_fields(kind: type[Properties]) -> Iterator[Described]:
    own, shared = _described(kind), _described(Properties)
    inherited = list(shared)
    yield from (each for each in own if each not in inherited)
    yield from inherited
    yield Described("app_group_id", "uuid", "The workspace", True)


def text_fields() -> list[str]:
    """Return the names of all fields of the catalogue that hold text, in alphabetical order."""
    kinds = CATALOGUE.values()
    described = (e for kind in kinds for e in (*person_fields(kind), *property_fields(kind)))
    return sorted({each.name for each in described if each.kind == "string"})


def _described(kind: type[Any]) -> Iterator[Described]:
    for each in fields(kind):
        about = each.metadata
        yield Described(each.name, about["kind"], about["meaning"], "always" in about)
