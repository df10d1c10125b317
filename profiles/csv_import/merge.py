"""Bringing the cleaned rows of a file to people: a chunk at a time, set by set."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg import sql

from lib.statements import Statements
from lib.transactions import Collided
from profiles import custom_size
from profiles.csv_import.columns import Column

statements = Statements.beside(__file__)
COPY = sql.SQL("copy csv_row ({}) from stdin")


@dataclass(frozen=True)
class Merged:
    """How many people were made and changed, the places of the rows that name nobody, and of those
    that would give somebody too many attributes.
    """

    created: int
    updated: int
    unknown: list[int]
    too_large: list[int]


@contextmanager
def tables() -> Iterator[None]:
    """Have the temporary tables that ``merge`` works in."""
    statements.count("make_tables")
    try:
        yield
    finally:
        statements.count("drop_tables")


def merge(
    workspace_id: int,
    named_by: Column,
    filled: Sequence[str],
    lines: Sequence[str],
    *,
    write: bool,
    sparing: bool = False,
) -> Merged:
    """Make and change the people of ``lines``, or without ``write`` count who would be.

    With ``sparing``, rows that would give somebody too many attributes are left out: whoever knows
    of such rows asks for it. ``lines`` are in COPY's text form, with the columns ``filled`` of
    ``csv_row``; no two name the same user. Runs in the caller's transaction. Raises ``Collided``.
    """
    values = {"workspace": workspace_id, "label": named_by.name, "kind": named_by.identifier}
    statements.count("begin_chunk")
    _copy(filled, lines)
    statements.count(f"match_{named_by.identifier}", **values)
    unknown: list[int] = []
    if named_by.identifier == "braze_id":
        unknown = [number for (number,) in statements.rows("refuse_unknown")]
    too_large: list[int] = []
    if sparing:
        rows = statements.rows("refuse_too_large", most=custom_size.MOST_BYTES)
        too_large = [number for (number,) in rows]
    updated = statements.count("find_changes")
    (created,) = statements.one("count_new")
    if write:
        _write(values, created, updated)
    return Merged(created, updated, unknown, too_large)


def subscribed(workspace_id: int) -> Sequence[tuple[int, str | None, str | None]]:
    """Return the profiles that the chunk merged last gave a subscription: their ids, each with that
    to e-mail and that to push, as far as the row says.
    """
    return statements.rows("subscribed", workspace=workspace_id)


def _write(values: dict[str, Any], created: int, updated: int) -> None:
    """Write what ``merge`` found."""
    if updated:
        statements.count("lock_changing")
        if statements.count("update_changing") < updated:
            raise Collided
    if created:
        if statements.count("insert_new", **values) < created:
            raise Collided
        if values["kind"] == "alias" and statements.count("insert_aliases", **values) < created:
            raise Collided


def _copy(filled: Sequence[str], lines: Sequence[str]) -> None:
    statement = COPY.format(sql.SQL(", ").join(map(sql.Identifier, filled)))
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        if lines:
            copy.write("\n".join(lines) + "\n")
