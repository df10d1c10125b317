"""The two addresses that machines ask."""

import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection
from django.test import Client

BEAT = "insert into procrastinate_workers (last_heartbeat) values (now() - interval '%s seconds')"


@pytest.fixture
def database(db: None) -> Iterator[psycopg.Connection]:
    """A connection beside the test's own, as the check makes one too; what it did is undone."""
    parameters = connection.get_connection_params() | {"autocommit": True}
    with psycopg.connect(**parameters) as database:
        yield database
        database.execute("delete from procrastinate_workers")


@pytest.fixture
def away(database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")


def test_healthz_answers_without_a_database(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")


def test_readyz_when_all_is_well(client: Client, database: psycopg.Connection) -> None:
    database.execute(BEAT, [50])
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"database": "ok", "migrations": "ok", "worker": "ok"}


def test_readyz_when_the_worker_is_silent(client: Client, database: psycopg.Connection) -> None:
    database.execute(BEAT, [70])
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["worker"] == "no heartbeat in the last minute"


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
    }
    assert time.monotonic() - begun < 3
