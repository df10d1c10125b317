"""What holds for the project as a whole."""

import ast
import re
from collections import Counter
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
#: The order inside a room: its sub-packages and flat modules from the ground up. Each may use those
#: below it, and none beside it. A flat module that is not named (views, forms, what is found at
#: start-up) stands above them all, and may use all. Every sub-package is named.
STOREYS_WITHIN: dict[str, tuple[tuple[str, ...], ...]] = {
    "segments": (
        ("models",),
        ("filters",),
        ("trees",),
        ("audiences",),
        ("access", "serializers"),
        ("builder", "lists", "exports", "sizes"),
    ),
    "profiles": (
        ("changes",),
        ("models",),
        ("attributes", "clock", "custom_size", "events"),
        ("standard", "telling"),
        ("since_when",),
        ("identity",),
        ("track", "csv_import", "subscriptions", "analytics", "export", "fake"),
        # The page of a person changes subscriptions, and reads texts as an import does.
        ("person",),
    ),
}
#: Folders that Django names.
DJANGOS = {"migrations", "management", "templatetags", "static", "locale", "__pycache__"}
#: Of a template, in characters. Lines have 120 where no tag of Django is in the way.
LONGEST_LINE = 160
DRAWERS = {"utils", "helpers", "services", "common", "core", "misc"}
#: More modules than these in a folder, and nobody finds the right one by its name.
MOST_MODULES = 25


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Give the line and the dotted name of every import, also inside functions and conditions.

    What is imported from a module is given as a part of it: it may be a module too.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def modules_of(*rooms: str) -> Iterator[Path]:
    for room in sorted(rooms):
        yield from sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", FLOORS)
def test_imports_point_down_the_floors(room: str) -> None:
    upward = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules_of(room)
        for line, name in imports_of(path)
        if name.partition(".")[0] in ROOMS - FLOORS[room] - {room}
    ]
    assert upward == []


@pytest.mark.parametrize("room", STOREYS_WITHIN)
def test_imports_point_down_the_floors_inside_a_room(room: str) -> None:
    storeys = STOREYS_WITHIN[room]
    storey_of = {name: number for number, names in enumerate(storeys) for name in names}
    upward = []
    for path in modules_of(room):
        here = path.relative_to(ROOT / room).with_suffix("").parts[0]
        for line, name in imports_of(path):
            start, _dot, rest = name.partition(".")
            there = rest.partition(".")[0]
            if start != room or here not in storey_of or here == there:
                continue
            if storey_of.get(there, len(storeys)) >= storey_of[here]:
                upward.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert upward == []


@pytest.mark.parametrize("room", STOREYS_WITHIN)
def test_every_sub_package_has_its_storey(room: str) -> None:
    named = {name for names in STOREYS_WITHIN[room] for name in names}
    there = {path.stem for path in (ROOT / room).iterdir()}
    folders = {path.name for path in (ROOT / room).iterdir() if path.is_dir()} - DJANGOS
    assert (folders - named, named - there) == (set(), set())


def test_imports_inside_functions_say_why() -> None:
    """By a comment on their line, or above them."""
    silent = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules_of(*ROOMS)
        for line in inner_imports(path)
    ]
    assert silent == []


def inner_imports(path: Path) -> Iterator[int]:
    """Give the lines of the imports inside functions that have no comment.

    Several one after the other may share one.
    """
    lines = path.read_text().splitlines()
    inside = {
        node.lineno
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    said: set[int] = set()
    for line in sorted(inside):
        if "#" in lines[line - 1] or lines[line - 2].strip().startswith("#") or line - 1 in said:
            said.add(line)
        else:
            yield line


def test_no_folder_holds_too_many_modules() -> None:
    folders = Counter(path.parent for path in modules_of(*ROOMS) if path.name != "__init__.py")
    crowded = {folder.name for folder, count in folders.items() if count > MOST_MODULES}
    assert crowded - {"migrations"} == set()


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
