"""The set-up says in one line what it could not get."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

ROOT: Path = settings.BASE_DIR


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    for name in (".python-version", "package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def fetch(clone: Path, piece: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [".ci/fetch", piece],
        cwd=clone,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


def test_no_package_index_is_one_line(clone: Path) -> None:
    wanted = (ROOT / ".ci" / "tools.txt").read_text().strip()
    fetched = fetch(clone, "uv", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(clone))
    assert fetched.returncode == 1
    assert fetched.stderr == (
        f"setup: pip could not fetch {wanted}; is the package index within reach? "
        "(details in .tools/fetch.log)\n"
    )


def test_no_npm_registry_is_one_line(clone: Path) -> None:
    (clone / ".tools").symlink_to(ROOT / ".tools")
    fetched = fetch(
        clone, "npm", npm_config_registry="http://127.0.0.1:9", npm_config_cache=str(clone / "npm")
    )
    assert fetched.returncode == 1
    assert fetched.stderr == (
        "setup: the npm packages could not be installed; is the npm registry within reach? "
        "(details in .tools/fetch.log)\n"
    )


def test_an_unknown_piece_is_refused(clone: Path) -> None:
    fetched = fetch(clone, "moon")
    assert fetched.returncode == 2
    assert fetched.stderr == "usage: .ci/fetch uv|python|npm|chromium\n"
