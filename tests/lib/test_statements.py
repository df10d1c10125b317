"""Statements that are prepared, and sent without waiting for each other."""

import pytest
from django.db import IntegrityError, connection, transaction

from lib.statements import pipelined, prepared_cursor
from tests.worlds.factories import WorkspaceFactory
from workspaces.models import Workspace

NAMED = "select id from workspaces_workspace where slug = %(slug)s"
RENAME = "update workspaces_workspace set name = %(name)s where slug = %(slug)s"
DOUBLE = "update workspaces_workspace set slug = %(slug)s"

pytestmark = pytest.mark.django_db


def rename(workspace: Workspace, name: str) -> None:
    prepared_cursor().execute(RENAME, {"name": name, "slug": workspace.slug})


def test_a_statement_that_is_run_again_is_prepared_once() -> None:
    for slug in ("a", "b", "a", "b"):
        with prepared_cursor() as cursor:
            cursor.execute(NAMED, {"slug": slug})
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_prepared_statements where statement like '%slug%'")
        assert cursor.fetchone() == (1,)


def test_a_prepared_statement_is_among_the_queries_that_tests_count(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    with django_assert_num_queries(1), prepared_cursor() as cursor:  # type: ignore[operator]
        cursor.execute(NAMED, {"slug": "a"})


def test_answers_are_awaited_where_they_are_looked_at() -> None:
    workspace = WorkspaceFactory()
    with pipelined():
        rename(workspace, "One")
        cursor = prepared_cursor()
        cursor.execute(NAMED, {"slug": workspace.slug})
        rename(workspace, "Two")
        assert cursor.fetchone() == (workspace.pk,)
        # Also the ORM's.
        assert Workspace.objects.get(pk=workspace.pk).name == "Two"
    assert Workspace.objects.get(pk=workspace.pk).name == "Two"


def test_of_what_is_sent_after_a_failure_nothing_happens() -> None:
    workspace, _other = WorkspaceFactory(name="Before"), WorkspaceFactory()

    def fail() -> None:
        with transaction.atomic(), pipelined():
            prepared_cursor().execute(DOUBLE, {"slug": "same"})
            rename(workspace, "After")

    with pytest.raises(IntegrityError):
        fail()
    assert Workspace.objects.get(pk=workspace.pk).name == "Before"


def test_an_error_of_the_caller_leaves_the_connection_in_order() -> None:
    workspace = WorkspaceFactory()

    def fail() -> None:
        with pipelined():
            rename(workspace, "One")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert Workspace.objects.get(pk=workspace.pk).name == "One"
