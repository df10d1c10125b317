"""The documents name only files and names that exist."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings

from tests.braze_portal.test_project import ROOMS

ROOT: Path = settings.BASE_DIR
DOCUMENTS = (
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "docs/architecture.md",
    "docs/audiences.md",
    "docs/extending.md",
)
QUOTED = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#]+)\)")
PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)*/?")
DOTTED = re.compile(r"\w+(?:\.\w+)+")
PACKAGES = ROOMS | {"benchmarks", "tests"}
#: Made when the project is set up or its tests run.
MADE = {".venv", ".tools", "var"}


def quoted(document: str) -> Iterator[str]:
    markdown = (ROOT / document).read_text()
    for text in QUOTED.findall(markdown):
        yield text.split()[0] if text.startswith((".", "tests/")) else text


def is_path(text: str) -> bool:
    """Tell whether a quoted text names a file or folder of the project by its whole path."""
    first, slash, _rest = text.partition("/")
    if not slash or not PATH.fullmatch(text) or first in MADE:
        return False
    return (ROOT / first).exists() or Path(text).suffix in {".py", ".sql", ".html", ".md", ".js"}


def is_there(dotted: str) -> bool:
    """Tell whether a dotted name is a module, or a name in one."""
    module, _, name = dotted.rpartition(".")
    try:
        return hasattr(import_module(module), name) or bool(import_module(dotted))
    except ImportError:
        parent, _, kind = module.rpartition(".")
        return hasattr(getattr(import_module(parent), kind, None), name)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_names_files_that_exist(document: str) -> None:
    paths = [text for text in quoted(document) if is_path(text)]
    links = LINK.findall((ROOT / document).read_text())
    folder = (ROOT / document).parent
    missing = [text for text in paths if not (ROOT / text).exists()]
    missing += [link for link in links if "://" not in link and not (folder / link).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_names_code_that_exists(document: str) -> None:
    names = [
        text
        for text in quoted(document)
        if DOTTED.fullmatch(text) and text.partition(".")[0] in PACKAGES
    ]
    assert [name for name in names if not is_there(name)] == []


def test_the_lists_of_extending_are_read() -> None:
    """That the patterns above still find what the lists are made of."""
    found = list(quoted("docs/extending.md"))
    assert sum(is_path(text) for text in found) > 30
    assert "lib.transactions.retried" in found
