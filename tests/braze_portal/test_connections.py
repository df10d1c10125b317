"""Connections as they are handed out: alive, and with plans that are not old."""

import time

import psycopg
import pytest
from django.db import connection

from braze_portal import connections
from braze_portal.connections import check


def until_noticed(connection: psycopg.Connection) -> None:
    for _ in range(500):  # the farewell is on its way
        check(connection)
        time.sleep(0.01)


@pytest.mark.django_db
def test_a_connection_that_the_server_closed_is_noticed_before_it_is_used() -> None:
    parameters = connection.get_connection_params()
    with psycopg.connect(**parameters) as live, psycopg.connect(**parameters) as other:
        check(other)
        live.execute("select pg_terminate_backend(%s)", [other.info.backend_pid])
        with pytest.raises(psycopg.OperationalError):
            until_noticed(other)
        check(live)


@pytest.mark.django_db
def test_a_table_that_has_grown_is_no_longer_read_as_an_empty_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def plan() -> str:
        return str(live.execute("explain execute found(7)").fetchall())

    parameters = connection.get_connection_params() | {"autocommit": True}
    with psycopg.connect(**parameters) as live:
        live.execute("set plan_cache_mode = force_generic_plan")
        live.execute("create temp table things (id int, name text)")
        live.execute("create index on things (id)")
        live.execute("prepare found (int) as select name from things where id = $1")
        early = plan()
        live.execute(
            "insert into things select n, repeat('x', 500) from generate_series(1, 9999) n"
        )
        check(live)
        assert plan() == early
        monkeypatch.setattr(connections, "PLANS_KEPT", 0)
        check(live)
        assert plan() != early
