"""The two addresses that machines ask."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection
from django.test import Client

from braze_portal import health
from braze_portal.environment import ROLES, roles


@contextmanager
def at_work(*roles: str) -> Iterator[None]:
    """Hold a connection as workers of these roles do, busy just now."""
    name = " ".join(["braze_portal", *(ROLES[role] for role in roles)])
    parameters = connection.get_connection_params() | {"application_name": name}
    with psycopg.connect(**parameters, autocommit=True) as database:
        database.execute("select")
        yield


@pytest.fixture
def database(db: None) -> Iterator[psycopg.Connection]:
    """A connection beside the test's own, as the check makes one too."""
    parameters = connection.get_connection_params() | {"autocommit": True}
    with psycopg.connect(**parameters) as database:
        yield database


@pytest.fixture
def away(database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")


@pytest.fixture
def set_database(database: psycopg.Connection) -> Iterator[Callable[[str], None]]:
    """Change a setting of the database for connections to come; undone."""
    name = database.info.dbname

    def change(setting: str) -> None:
        database.execute(f"alter database {name} set {setting}")

    yield change
    database.execute(f"alter database {name} reset all")


def test_healthz_answers_without_a_database(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")


def test_readyz_when_all_is_well(client: Client, db: None) -> None:
    with at_work("worker"), at_work("sender"):
        response = client.get("/readyz")
    names = ("database", "migrations", "worker", "sender")
    assert (response.status_code, response.json()) == (200, dict.fromkeys(names, "ok"))


@pytest.mark.parametrize(("alive", "silent"), [("worker", "sender"), ("sender", "worker")])
def test_readyz_tells_which_of_both_is_silent(
    client: Client, db: None, alive: str, silent: str
) -> None:
    with at_work(alive):
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()[alive] == "ok"
    assert response.json()[silent] == f"no {silent} heard of for 60 seconds"


def test_readyz_when_nothing_has_been_heard_for_a_while(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "SILENCE_SECONDS", 0.2)
    with at_work("worker", "sender"):
        assert client.get("/readyz").status_code == 200
        time.sleep(0.3)
        assert client.get("/readyz").status_code == 503


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("default_transaction_read_only = on", "cannot execute INSERT in a read-only transaction"),
        # What a full disk refuses first.
        ("temp_file_limit = 0", "temporary file size exceeds "),
    ],
)
def test_readyz_when_the_database_cannot_be_written(
    client: Client, set_database: Callable[[str], None], setting: str, said: str
) -> None:
    set_database(setting)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["database"].startswith(f"cannot be written: {said}")


def test_readyz_leaves_nothing_behind(client: Client, database: psycopg.Connection) -> None:
    client.get("/readyz")
    left = database.execute("select from django_session where session_key like 'readyz%'")
    assert left.fetchall() == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("manage.py procrastinate worker --queues default", ["jobs:default"]),
        ("manage.py procrastinate worker --queues=currents,default", [*ROLES.values()]),
        ("manage.py procrastinate worker", [*ROLES.values()]),
        ("manage.py serve", []),
        ("-m braze_portal.web", []),
    ],
)
def test_the_role_of_a_process(arguments: str, expected: list[str]) -> None:
    assert roles(arguments.split()) == expected


def test_readyz_when_a_migration_is_missing(client: Client, database: psycopg.Connection) -> None:
    removed = database.execute(
        "delete from django_migrations where app = 'axes' and name like '0001%' returning *"
    ).fetchone()
    try:
        response = client.get("/readyz")
    finally:
        database.execute("insert into django_migrations values (%s, %s, %s, %s)", removed)
    assert response.status_code == 503
    assert response.json()["migrations"] == "1 not applied"


def test_readyz_when_the_database_is_away(client: Client, away: None) -> None:
    begun = time.monotonic()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "database": "unreachable",
        "migrations": "unknown",
        "worker": "unknown",
        "sender": "unknown",
    }
    assert time.monotonic() - begun < 3
