"""What a key of the REST API may be allowed: ``area.action``, as Braze names it.

A room enters the permissions of its calls in a module ``api_permissions``, found at start-up.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Area:
    """The first part of some permissions: how the pages call it, and its place among the areas."""

    key: str
    label: Any
    place: int


AREAS: dict[str, Area] = {}
NAMES: list[str] = []


def register_area(key: str, label: Any, *, place: int) -> None:
    AREAS[key] = Area(key, label, place)


def register(*names: str) -> None:
    """Enter permissions, those of an area in the order of its page. Their areas may come later."""
    NAMES.extend(name for name in names if name not in NAMES)


def by_area() -> dict[Area, tuple[str, ...]]:
    areas = sorted(AREAS.values(), key=lambda area: area.place)
    return {
        area: tuple(name for name in NAMES if name.partition(".")[0] == area.key) for area in areas
    }


def all_permissions() -> tuple[str, ...]:
    return tuple(name for names in by_area().values() for name in names)
