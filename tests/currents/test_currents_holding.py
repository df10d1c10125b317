"""A client that leaves a transaction open holds up all events: it is named, and can be ended."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.test import Client

from currents import holding, tasks
from currents.models import Connector
from tests.cohorts.test_import_concurrency import database_url
from tests.worlds.currents_world import connect, forget_jobs, write
from tests.worlds.receivers import receiving
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

QUERY = "create temporary table a_secret_of_the_query ()"


@pytest.fixture
def connector(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connector]:
    monkeypatch.setattr(holding, "LONG_SECONDS", 0.2)
    with receiving() as receiver:
        yield connect(workspace, receiver)
    forget_jobs()


@contextmanager
def forgotten(query: str = QUERY) -> Iterator[psycopg.Connection[Any]]:
    """Have a client of the database write something and forget to end the transaction."""
    other = psycopg.connect(database_url(), application_name="nightly report")
    other.execute(query)
    try:
        yield other
    finally:
        other.close()


def page(client: Client, connector: Connector) -> str:
    response = client.get(connector.get_absolute_url())
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_names_the_session_that_holds_up_events(
    admin_client: Client, connector: Connector
) -> None:
    with forgotten() as other:
        write(connector.workspace, "a")
        time.sleep(0.3)
        shown = page(admin_client, connector)
        assert f"session {other.info.backend_pid} of the database" in shown
        assert "nightly report" in shown
        assert "a_secret_of_the_query" not in shown
        # So does the part that the page fetches again every few seconds.
        part = admin_client.get(connector.get_absolute_url(), headers={"HX-Target": "moving"})
        assert "nightly report" in part.content.decode()
    assert "nightly report" not in page(admin_client, connector)


def test_a_client_that_only_reads_holds_up_nothing(
    admin_client: Client, connector: Connector
) -> None:
    with forgotten("select 1"):
        write(connector.workspace, "a")
        time.sleep(0.3)
        assert "nightly report" not in page(admin_client, connector)


def test_nothing_is_said_where_no_event_waits(admin_client: Client, connector: Connector) -> None:
    with forgotten():
        time.sleep(0.3)
        assert "nightly report" not in page(admin_client, connector)


def is_alive(client: psycopg.Connection[Any]) -> bool:
    try:
        client.execute("select 1")
    except psycopg.OperationalError:
        return False
    return True


def test_no_session_is_ended_by_default(connector: Connector) -> None:
    with forgotten() as other:
        time.sleep(0.3)
        tasks.wake_all(timestamp=0)
        assert is_alive(other)


def test_sessions_that_stay_idle_are_ended_where_the_operator_says_so(
    connector: Connector, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.END_IDLE_TRANSACTIONS_AFTER = 0.2
    with forgotten() as other, forgotten("select 1") as reader, caplog.at_level(logging.WARNING):
        tasks.wake_all(timestamp=0)
        pid = other.info.backend_pid
        time.sleep(0.3)
        tasks.wake_all(timestamp=0)
        assert not is_alive(other)
        assert is_alive(reader)
    [line] = [each for each in caplog.messages if "was ended" in each]
    assert line.startswith(f"session {pid} (nightly report) was ended")
    assert "a_secret_of_the_query" not in line


def test_a_session_that_is_at_work_again_is_not_ended(connector: Connector) -> None:
    with forgotten() as other:
        [(pid, _application, since)] = holding.statements.rows("idle", allowed=0)
        assert is_alive(other)
        assert holding.statements.one("end", pid=pid, since=since) is None
        assert is_alive(other)


def test_a_session_of_another_role_is_named_though_its_time_is_not_seen(
    connector: Connector,
) -> None:
    with forgotten() as other, connection.cursor() as cursor:
        cursor.execute("create role unprivileged")
        try:
            with transaction.atomic():
                cursor.execute("set local role unprivileged")
                held = holding.holder()
        finally:
            cursor.execute("drop role unprivileged")
        assert held == (other.info.backend_pid, "nightly report", None, False)
