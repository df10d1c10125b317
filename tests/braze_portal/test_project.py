"""What holds for the project as a whole."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.template.loader import get_template

ROOT: Path = settings.BASE_DIR
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted(path for path in (ROOT / "braze_portal/static").glob("*.js"))

#: The rooms from the ground up. A room may use those below it; the roof, braze_portal, all.
STOREYS: tuple[tuple[str, ...], ...] = (
    ("lib",),
    ("workspaces",),
    ("rest",),
    ("currents",),
    ("profiles",),
    ("segments",),
    ("cohorts", "campaigns"),
    ("braze_portal",),
)
ROOMS = {room for storey in STOREYS for room in storey}
FLOORS: dict[str, set[str]] = {
    room: {below for lower in STOREYS[:number] for below in lower}
    for number, storey in enumerate(STOREYS)
    for room in storey
}
#: Of a template, in characters. Lines have 120 where no tag of Django is in the way.
LONGEST_LINE = 160
DRAWERS = {"utils", "helpers", "services", "common", "core", "misc"}


def imported_rooms(path: Path) -> Iterator[tuple[int, str]]:
    """Give the line and the room of every import, also those inside functions and conditions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name.partition(".")[0] in ROOMS:
                yield node.lineno, name.partition(".")[0]


@pytest.mark.parametrize("room", FLOORS)
def test_imports_point_down_the_floors(room: str) -> None:
    upward = [
        f"{path.relative_to(ROOT)}:{line} imports {other}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, other in imported_rooms(path)
        if other not in FLOORS[room] | {room}
    ]
    assert upward == []


def test_imports_are_never_relative() -> None:
    relative = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_no_file_is_a_drawer() -> None:
    assert [
        path for room in ROOMS for path in (ROOT / room).rglob("*") if path.stem in DRAWERS
    ] == []


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_keeps_to_the_content_security_policy(path: Path) -> None:
    markup = path.read_text()
    inline = re.findall(
        r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|\shx-on|javascript:", markup
    )
    foreign = re.findall(r"""(?:src|href|action)=["'](?:https?:)?//[^"']*""", markup)
    assert inline + foreign == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_has_lines_that_a_diff_can_show(path: Path) -> None:
    assert [line for line in path.read_text().splitlines() if len(line) > LONGEST_LINE] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_compiles_and_its_icons_exist(path: Path) -> None:
    get_template(str(path.relative_to(ROOT / "templates")))
    names = re.findall(r'{% icon "([^"]+)"|icon="([^"]+)"', path.read_text())
    missing = [a or b for a, b in names if not (settings.ICONS_DIR / f"{a or b}.svg").exists()]
    assert missing == []


def test_the_handwritten_javascript_stays_short() -> None:
    assert sum(len(path.read_text().splitlines()) for path in SCRIPTS) < 150
