"""Connections that the database closed are not handed out."""

import time

import psycopg
import pytest
from django.db import connection

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
