"""The one place through which everything passes that happens to people: what is said of them and
where they are, their subscriptions, and the custom events, purchases and sessions that they had.

A call gathers it as plain values, and ``record`` writes it, within the call's transaction.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from profiles.attributes import type_of
from profiles.events import NewEvent, record_events
from workspaces import statements
from workspaces.models import Workspace

STATEMENTS = statements.load(Path(__file__).with_name("happenings.sql"))


@dataclass(slots=True)
class Person:
    """What is known of somebody, by column: before the call, and as it is to be."""

    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Happenings:
    """What a call tells. People are named by their profile ids.

    ``subscriptions`` says of a group and a person whether they are subscribed; ``push_tokens`` of
    an app and a token whose it is, and on which device, if that is known.
    """

    people: dict[int, Person] = field(default_factory=dict)
    events: list[NewEvent] = field(default_factory=list)
    subscriptions: dict[tuple[UUID, int], bool] = field(default_factory=dict)
    push_tokens: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)


def hold(workspace: Workspace, ids: Collection[int]) -> dict[int, Person]:
    """Lock the people ``ids``, in their order, until the transaction ends; return what is known.

    Those who are gone are left out. Waits for locks are bounded from here on.
    """
    if not ids:
        return {}
    asked: dict[str, int | str] = {
        "workspace": workspace.pk,
        "ids": json.dumps(list(ids)),
        "lock_timeout": settings.IMPORT_LOCK_TIMEOUT,
    }
    with connection.cursor() as cursor:
        cursor.execute(STATEMENTS["hold"], asked)
        columns = [column.name for column in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor]
    people = {}
    for known in rows:
        known["custom"] = json.loads(known["custom"])
        people[known.pop("id")] = Person(known, known)
    return people


def record(workspace: Workspace, told: Happenings) -> None:
    """Write what was ``told``: one statement a kind, and only rows that change.

    The people must be held.
    """
    changed = {pk: p for pk, p in told.people.items() if p.after is not p.before}
    if changed:
        _change(workspace, changed)
    if told.push_tokens:
        tokens = [(*token, *whose) for token, whose in told.push_tokens.items()]
        _execute("keep_push_tokens", workspace, tokens=json.dumps(tokens))
    if told.subscriptions:
        said = [(str(group), pk, state) for (group, pk), state in told.subscriptions.items()]
        _execute("subscribe", workspace, said=json.dumps(said))
    record_events(workspace, told.events)


def _change(workspace: Workspace, people: dict[int, Person]) -> None:
    said = [{"id": pk, **person.after} for pk, person in people.items()]
    types: dict[str, str] = {}
    for person in people.values():
        for name, value in person.after["custom"].items():
            if name not in types:
                types[name] = type_of(value)
    texts = {"people": json.dumps(said, default=str), "types": json.dumps(types)}
    _execute("change", workspace, **texts)


def _execute(statement: str, workspace: Workspace, **values: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(STATEMENTS[statement], values | {"workspace": workspace.pk})
