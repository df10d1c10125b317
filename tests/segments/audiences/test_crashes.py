"""A number that is called exact is exact, whatever the database went through.

A process of the portal lives through it, as web processes do, and so does one that starts after it.
Each test has transaction ids given out twice: those between the last that was kept and the last
that anybody saw.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.worlds.clusters import Cluster, Clusters, clusters

#: More than any test writes by itself.
FORGOTTEN = 500


class Survivor:
    """A process of the portal over whichever server ``current`` is at the moment."""

    def __init__(self, root: Path) -> None:
        url = f"postgresql://postgres@/portal?host={root / 'current'}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.worlds.survivor"],
            cwd=settings.BASE_DIR,
            env=os.environ
            | {
                "DATABASE_URL": url,
                "DJANGO_SETTINGS_MODULE": "braze_portal.settings",
                "LOG_LEVEL": "CRITICAL",
                "OUTBOUND_ALLOW": "127.0.0.0/8",
                "SECRET_KEY": "one for all",
                "DATA_KEYS": ",".join(settings.DATA_KEYS),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *request: Any) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __enter__(self) -> "Survivor":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()


class World:
    """A portal over a server that can be exchanged for another."""

    def __init__(self, servers: Clusters, server: Cluster, ending: ExitStack) -> None:
        self.servers = servers
        server.start()
        self.point_to(server)
        self.portal = ending.enter_context(Survivor(servers.root))
        self.portal("sign_in")
        self.portal("receive")
        self.synced = 0
        self.tracked: list[str] = []
        self.write()
        assert self.portal("differences") == []

    def point_to(self, server: Cluster) -> None:
        """From now on ``server`` is the one that the portal's address leads to."""
        self.server = server
        link = self.servers.root / "current"
        link.unlink(missing_ok=True)
        link.symlink_to(server.folder)

    def write(self, people: int = 20) -> None:
        """Have a partner call, and a user do something."""
        assert self.portal("sync", self.synced + 1, people) == 201
        self.synced += people
        self.tracked.append(f"event {len(self.tracked)}")
        assert self.portal("track", self.tracked[-1]) == 201

    def see_what_is_lost(self) -> None:
        """Have the portal see transaction ids that are on no disk yet."""
        self.server.forget_the_next(FORGOTTEN)
        assert self.portal("differences") == []

    def is_right(self) -> bool:
        """Tell whether all is exact, for the process that lived through it and for a new one, after
        ids were given out to writers that were given out before.
        """
        for forgotten in (FORGOTTEN * 2, 0, FORGOTTEN * 2):
            self.write()
            self.server.forget_the_next(forgotten)
            assert self.portal("differences") == []
        with Survivor(self.servers.root) as other:
            other("sign_in")
            assert other("differences") == []
        return True


@pytest.fixture(scope="module")
def filled() -> Iterator[Cluster]:
    """A server with a portal's data, stopped: to be copied."""
    with clusters() as servers:
        server = servers.made()
        server.execute("create database portal")
        (servers.root / "current").symlink_to(server.folder)
        with Survivor(servers.root) as portal:
            portal("make")
        server.stop()
        yield server


@pytest.fixture
def world(filled: Cluster) -> Iterator[World]:
    with clusters() as servers, ExitStack() as ending:
        yield World(servers, filled.copied(servers.folder()), ending)


def test_a_process_of_the_server_is_killed(world: World) -> None:
    for _ in range(3):
        world.see_what_is_lost()
        world.server.crash()
        assert world.is_right()
    assert set(world.portal("received")) >= set(world.tracked)


def test_the_server_is_stopped_at_once(world: World) -> None:
    world.see_what_is_lost()
    world.server.stop("immediate")
    world.server.start()
    assert world.is_right()
    assert set(world.portal("received")) >= set(world.tracked)


def test_a_standby_that_lags_is_promoted(world: World) -> None:
    standby = world.server.backed_up(world.servers.folder(), standby=True)
    kept = len(world.tracked)
    world.write(people=400)
    world.see_what_is_lost()
    world.server.stop("immediate")
    standby.start()
    standby.promote()
    world.point_to(standby)
    del world.tracked[kept:]
    assert world.is_right()
    assert set(world.portal("received")) >= set(world.tracked)


def test_a_base_backup_is_restored(world: World) -> None:
    backup = world.server.backed_up(world.servers.folder())
    world.write(people=400)
    world.see_what_is_lost()
    world.server.stop()
    backup.start()
    world.point_to(backup)
    assert world.is_right()


def test_the_files_of_a_stopped_server_are_put_back(world: World) -> None:
    world.server.stop()
    copy = world.server.copied(world.servers.folder())
    world.server.start()
    world.server.await_answer()
    world.write(people=400)
    world.see_what_is_lost()
    world.server.stop()
    copy.start()
    world.point_to(copy)
    assert world.is_right()


def test_an_earlier_moment_is_restored(world: World) -> None:
    backup = world.server.backed_up(world.servers.folder())
    world.write()
    world.server.execute("select pg_create_restore_point('before the accident')")
    world.write(people=400)
    world.see_what_is_lost()
    world.server.execute("select pg_switch_wal()")
    world.server.stop()
    backup.recover(world.server, "before the accident")
    world.point_to(backup)
    assert world.is_right()


@pytest.mark.parametrize("elsewhere", [False, True], ids=["in its server", "in another server"])
def test_a_dump_is_restored(world: World, *, elsewhere: bool) -> None:
    dump = world.servers.root / "current" / "dump"
    world.server.dump("portal", dump)
    world.write(people=400)
    world.see_what_is_lost()
    if elsewhere:
        other = world.servers.made()
        other.execute("create database portal")
        other.restore("portal", dump)
        world.server.stop()
        world.point_to(other)
    else:
        world.server.execute("create database restored")
        world.server.restore("restored", dump)
        world.server.exchange("portal", "restored")
    assert world.is_right()


def test_a_dump_takes_the_place_of_what_is_there(world: World) -> None:
    dump = world.servers.root / "current" / "dump"
    world.server.dump("portal", dump)
    world.write(people=400)
    world.see_what_is_lost()
    world.server.restore("portal", dump, "--clean", "--if-exists")
    assert world.is_right()
