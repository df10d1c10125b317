"""PostgreSQL servers of a test's own, to crash, to fail over and to restore.

The programs are those of ``POSTGRES_PROGRAMS``, a folder, or else the embedded ones. Each server
listens on a unix socket in its own folder.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import psycopg

from braze_portal import embedded_postgres

SETTINGS = {
    "listen_addresses": "",
    "wal_level": "replica",
    "max_connections": "60",
    # The writer of the log comes round rarely: what nobody waited for stays unwritten.
    "wal_writer_delay": "10s",
    "fsync": "off",
    "archive_mode": "on",
    "archive_command": "cp %p ../archive/%f",
}


def programs() -> Path:
    """Return the folder of PostgreSQL's programs."""
    given = os.environ.get("POSTGRES_PROGRAMS")
    return Path(given) if given else embedded_postgres._programs()


def _user() -> str | None:
    """Return who runs a server: PostgreSQL refuses to run as root. None is the present user."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    known = ["postgres"] if os.environ.get("POSTGRES_PROGRAMS") else []
    for name in [*known, embedded_postgres.SYSTEM_USER]:
        if name in names:
            return name
    embedded_postgres._make_user(embedded_postgres.SYSTEM_USER)
    return embedded_postgres.SYSTEM_USER


class Cluster:
    """One PostgreSQL server over ``folder / "data"``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def make(self) -> None:
        """Make the data with ``SETTINGS``, start the server."""
        self.run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C")
        self.make_archive()
        with (self.data / "postgresql.auto.conf").open("a") as settings:
            settings.writelines(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
        self.start()

    def make_archive(self) -> None:
        archive = self.folder / "archive"
        archive.mkdir()
        if user := _user():
            shutil.chown(archive, user)

    def start(self) -> None:
        options = f"-c unix_socket_directories={self.folder}"
        self.run("pg_ctl", "-w", "-s", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "-w", "-s", "-m", mode, "stop")

    def promote(self) -> None:
        self.run("pg_ctl", "-w", "-s", "promote")

    def recover(self, other: "Cluster", restore_point: str) -> None:
        """Start from a backup and go on, by what ``other`` archived, to ``restore_point``."""
        with (self.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"restore_command = 'cp {other.folder}/archive/%f %p'\n")
            settings.write(f"recovery_target_name = '{restore_point}'\n")
            settings.write("recovery_target_action = 'promote'\n")
            settings.write("archive_mode = off\n")
        signal_file = self.data / "recovery.signal"
        signal_file.touch()
        self.start()
        self.await_answer(question="select pg_is_in_recovery()", other_than=True)

    def copied(self, folder: Path) -> "Cluster":
        """Return a copy of the files of a server that is stopped."""
        copy = Cluster(folder)
        subprocess.run(["cp", "-a", str(self.data), str(copy.data)], check=True)
        copy.make_archive()
        return copy

    def dump(self, database: str, to: Path) -> None:
        self._call("pg_dump", "-Fc", "-f", str(to), "-d", self.url(database))

    def restore(self, database: str, dump: Path, *options: str) -> None:
        self._call("pg_restore", *options, "-d", self.url(database), str(dump))

    def exchange(self, database: str, other: str) -> None:
        """Have ``other`` be what is found by the name ``database``."""
        ended = "select pg_terminate_backend(pid) from pg_stat_activity where datname = "
        self.execute(f"{ended} '{database}'")
        self.execute(f"alter database {database} rename to old")
        self.execute(f"alter database {other} rename to {database}")

    def run(self, program: str, *options: str) -> None:
        """Run one of the programs over the data; raises ``CalledProcessError``."""
        self._call(program, "-D", str(self.data), *options)

    def _call(self, program: str, *options: str) -> None:
        user = _user()
        subprocess.run(
            [str(programs() / program), *options],
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            user=user,
            group=user,
            extra_groups=[] if user else None,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def execute(self, sql: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run ``sql`` by a connection of its own; return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def forget_the_next(self, transactions: int) -> None:
        """Give out transaction ids that a crash gives out again: they are on no disk yet."""
        self.execute(
            f"do $$ begin for i in 1..{transactions} loop "
            "perform pg_current_xact_id(); commit; end loop; end $$"
        )

    def crash(self) -> None:
        """Kill one of the server's processes, as the kernel does when memory is short; wait until
        the server has recovered.
        """
        walwriter = "select pid from pg_stat_activity where backend_type = 'walwriter'"
        [(pid,)] = self.execute(walwriter)
        os.kill(int(str(pid)), signal.SIGKILL)
        self.await_answer(other_than=pid, question=walwriter)

    def await_answer(self, *, other_than: object = None, question: str = "select 1") -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                [(answer,)] = self.execute(question)
            except (psycopg.OperationalError, ValueError):
                time.sleep(0.05)
                continue
            if answer != other_than:
                return
        raise AssertionError("the server does not answer")

    def backed_up(self, folder: Path, *, standby: bool = False) -> "Cluster":
        """Return a copy of the server, not started: a base backup, or a standby that follows."""
        copy = Cluster(folder)
        more = ["--write-recovery-conf"] if standby else []
        copy.run("pg_basebackup", "-d", self.url(), "--checkpoint=fast", *more)
        return copy


@contextmanager
def clusters() -> Iterator["Clusters"]:
    """Give servers, each in a folder of its own; end them all and remove what is left of them."""
    made = Clusters(Path(mkdtemp(prefix="clusters.", dir="/tmp")))
    try:
        yield made
    finally:
        made.end()


class Clusters:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.all: list[Cluster] = []
        root.chmod(0o755)

    def folder(self) -> Path:
        folder = self.root / str(len(self.all))
        folder.mkdir()
        if user := _user():
            shutil.chown(folder, user)
        self.all.append(Cluster(folder))
        return folder

    def made(self) -> Cluster:
        """Return a new server that runs."""
        cluster = Cluster(self.folder())
        cluster.make()
        return cluster

    def end(self) -> None:
        for cluster in self.all:
            if (cluster.data / "postmaster.pid").exists():
                cluster.stop("immediate")
        shutil.rmtree(self.root, ignore_errors=True)
