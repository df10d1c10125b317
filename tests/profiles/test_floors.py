"""Inside the room of profiles, imports point down its floors too."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOM = Path(settings.BASE_DIR) / "profiles"
#: Modules and sub-rooms from the ground up. Those of the ground may use each other; every other one
#: uses itself and what is below it, never another one beside it.
GROUND = (
    "models",
    "changes",
    "clock",
    "attributes",
    "standard",
    "events",
    "telling",
    "since_when",
    "streaming",
    "people_listeners",
)
STOREYS: tuple[tuple[str, ...], ...] = (
    GROUND,
    ("identity",),
    ("track", "csv_import", "subscriptions", "analytics", "export", "fake"),
    # The page of a person changes subscriptions, and reads texts as an import does.
    ("person",),
    ("admin", "apps", "tasks", "management"),
)
BELOW = {
    part: {other for lower in STOREYS[:number] for other in lower}
    for number, storey in enumerate(STOREYS)
    for part in storey
}


def parts_imported(path: Path) -> Iterator[tuple[int, str]]:
    """Give the line and the part of the room of every import, also those inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith("profiles."):
                yield node.lineno, name.split(".")[1]


def part_of(path: Path) -> str:
    return path.relative_to(ROOM).parts[0].removesuffix(".py")


def test_every_part_stands_on_a_floor() -> None:
    parts = {part_of(path) for path in ROOM.rglob("*.py")} - {"__init__", "migrations"}
    assert parts == BELOW.keys()


@pytest.mark.parametrize("part", BELOW)
def test_imports_point_down_the_floors_of_profiles(part: str) -> None:
    allowed = BELOW[part] | ({*GROUND} if part in GROUND else {part})
    upward = [
        f"{path.relative_to(ROOM)}:{line} imports {other}"
        for path in sorted(ROOM.rglob("*.py"))
        if part_of(path) == part
        for line, other in parts_imported(path)
        if other not in allowed
    ]
    assert upward == []
