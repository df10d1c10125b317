"""The database server that comes along: one for all processes, up while one of them needs it."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from django.conf import settings

ROOT: Path = settings.BASE_DIR
USE = "import pathlib, sys; from braze_portal import embedded_postgres as e; "
USE += "print(e.url(pathlib.Path(sys.argv[1])), flush=True); "
WAIT = "sys.stdin.read()"
FORK = "import os; pid = os.fork(); pid or sys.exit(); os.waitpid(pid, 0); "
FORK += "print('forked', flush=True); "

User = subprocess.Popen[str]
started: list[User] = []


def use(data_dir: Path, then: str = WAIT) -> User:
    """Start a process that needs the server, until its standard input is closed."""
    user = subprocess.Popen(
        [sys.executable, "-c", USE + then, str(data_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    started.append(user)
    return user


@pytest.fixture(autouse=True)
def all_ended() -> Iterator[None]:
    """A test that fails leaves no process behind."""
    yield
    end(*(user for user in started if user.stdout and not user.stdout.closed))
    started.clear()


def url(user: User) -> str:
    assert user.stdout
    line = user.stdout.readline().strip()
    assert line, user.communicate()[1]
    return line


def end(*users: User) -> None:
    for user in users:
        user.communicate(timeout=30)


def runs(data_dir: Path) -> bool:
    return (data_dir / "postmaster.pid").exists()


@contextmanager
def folder() -> Iterator[Path]:
    """Not one of pytest's: each session of it closes their parent to the server's user again."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A folder whose cluster is made by the first test and used by the others."""
    with folder() as path:
        yield path / "postgres"
        end(use(path / "postgres"))


@pytest.fixture
def fresh() -> Iterator[Path]:
    with folder() as path:
        yield path / "a folder" / "postgres"


def test_two_that_start_at_once_share_a_server_which_the_last_one_stops(fresh: Path) -> None:
    first, second = use(fresh), use(fresh)
    assert url(first) == url(second)
    end(first)
    assert runs(fresh)
    end(second)
    assert not runs(fresh)


def test_the_killed_are_not_waited_for(made: Path) -> None:
    killed = use(made)
    url(killed)
    killed.kill()
    end(killed)
    assert runs(made)
    end(use(made))
    assert not runs(made)


def test_a_forked_child_leaves_the_server_to_its_parent(made: Path) -> None:
    parent = use(made, FORK + WAIT)
    address = url(parent)
    assert url(parent) == "forked"
    psycopg.connect(address).close()
    end(parent)
    assert not runs(made)


def test_a_half_made_cluster_is_made_again(fresh: Path) -> None:
    draft = fresh.with_suffix(".draft")
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    user = use(fresh)
    psycopg.connect(url(user)).close()
    end(user)
    assert not draft.exists()


def test_a_crash_whose_number_another_process_has_now(made: Path) -> None:
    user = use(made)
    url(user)
    pid_file = made / "postmaster.pid"
    server = psutil.Process(int(pid_file.read_text().split()[0]))
    lines = pid_file.read_text()
    children = server.children()
    server.send_signal(signal.SIGKILL)
    psutil.wait_procs([server, *children], timeout=10)
    pid_file.write_text(lines.replace(str(server.pid), str(os.getpid()), 1))
    again = use(made)
    psycopg.connect(url(again)).close()
    end(user, again)


def test_a_copy_leaves_the_server_of_its_original_alone(made: Path, fresh: Path) -> None:
    user = use(made)
    address = url(user)
    fresh.parent.mkdir()
    subprocess.run(["cp", "-a", made, fresh], check=True)
    copy = use(fresh)
    with psycopg.connect(url(copy)) as connection:
        assert connection.execute("show data_directory").fetchone() == (str(fresh),)
    end(copy)
    psycopg.connect(address).close()
    end(user)


def test_a_path_too_long_for_a_socket(fresh: Path) -> None:
    user = use(fresh.parent / ("deep" * 30) / "postgres")
    address = url(user)
    assert "host=/tmp/braze-portal-" in address
    psycopg.connect(address).close()
    end(user)
    assert not Path(address.partition("host=")[2]).exists()


def test_a_folder_of_other_things_is_left_alone(fresh: Path) -> None:
    fresh.mkdir(parents=True)
    (fresh / "letters.txt").write_text("dear")
    user = use(fresh)
    _, said = user.communicate(timeout=30)
    assert said == (
        f"PostgreSQL: {fresh} holds something else; move it away or name another VAR_DIR\n"
    )
    assert (user.returncode, (fresh / "letters.txt").read_text()) == (1, "dear")
