"""Writing what a track call says of people: their attributes and where they are, their
subscriptions, and the custom events, purchases and sessions that they had.

A call gathers it as plain values, and ``record`` writes it, within the call's transaction.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings

from lib.statements import Statements, pipelined
from lib.transactions import Collided
from profiles import custom_size, telling
from profiles.attributes import type_of
from profiles.events import NewEvent, record_events
from profiles.models import Profile
from workspaces.models import Workspace

statements = Statements.beside(__file__, prepared=True)


@dataclass(slots=True)
class Said:
    """What is said of a person: columns of ``Profile`` with values, None for empty, the custom
    attributes to put, and the names of those to take away.
    """

    columns: dict[str, Any] = field(default_factory=dict)
    put: dict[str, Any] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


@dataclass(slots=True)
class Changes:
    """What a call tells. People are named by their profile ids.

    ``spelled`` is what ``events.spell`` gave of the events, where that is done already.
    ``subscriptions`` says of a group and a person whether they are subscribed; ``push_tokens`` of
    an app and a token whose it is, and on which device, if that is known.
    """

    people: dict[int, Said] = field(default_factory=dict)
    events: list[NewEvent] = field(default_factory=list)
    spelled: str | None = None
    subscriptions: dict[tuple[UUID, int], bool] = field(default_factory=dict)
    push_tokens: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)


def hold(workspace: Workspace, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Lock the people ``ids``, in their order, until the transaction ends; return their custom
    attributes, which no other call changes until then.

    Those who are gone are left out.
    """
    held = statements.rows(
        "hold",
        workspace=workspace.pk,
        ids=json.dumps(list(ids)),
        lock_timeout=settings.IMPORT_LOCK_TIMEOUT,
    )
    return {pk: json.loads(custom) for pk, custom in held}


def too_large(workspace: Workspace, people: dict[int, Said]) -> set[int]:
    """Return those of ``people`` who would have too many attributes after what is said of them."""
    rows = [{"id": pk, "put": said.put, "gone": list(said.gone)} for pk, said in people.items()]
    found = statements.rows(
        "too_large",
        workspace=workspace.pk,
        people=json.dumps(rows),
        most=custom_size.MOST_BYTES,
    )
    return {pk for (pk,) in found}


def record(
    workspace: Workspace, told: Changes, *, hearings: telling.Hearings | None = None
) -> None:
    """Write what was ``told``: one statement a kind, and only rows that change; and tell it.
    ``hearings`` are those that the transaction asked already.

    The custom attributes of people must have been held, where what is put depends on them. Raises
    ``Collided`` where a profile was deleted, or merged, since it was found; or the transaction
    fails in the end.
    """
    if told.people:
        _change(workspace, told.people)
    if told.push_tokens:
        tokens = [(*token, *whose) for token, whose in told.push_tokens.items()]
        statements.count("keep_push_tokens", workspace=workspace.pk, tokens=json.dumps(tokens))
    if told.subscriptions:
        said = [(str(group), pk, state) for (group, pk), state in told.subscriptions.items()]
        statements.count("subscribe", workspace=workspace.pk, said=json.dumps(said))
    columns = {pk: said.columns for pk, said in told.people.items()}
    news = telling.News(told.events, columns, told.subscriptions)
    if told.events or telling.concern(news):
        # Listeners make of it what they want while the database records the events.
        with pipelined():
            record_events(workspace, told.events, spelled=told.spelled)
            hearings = hearings or telling.Hearings(workspace)
            hearings.tell(news, source=telling.Source.REST_API)


def _change(workspace: Workspace, people: dict[int, Said]) -> None:
    types: dict[str, str] = {}
    rows = []
    for pk, said in sorted(people.items()):
        columns = {name: "" if v is None else v for name, v in said.columns.items()}
        rows.append({"id": pk, **columns, "put": said.put, "gone": list(said.gone)})
        types.update((name, type_of(v)) for name, v in said.put.items() if name not in types)
    written = statements.count(
        "change",
        workspace=workspace.pk,
        people=json.dumps(rows, default=str),
        types=json.dumps(types),
        lock_timeout=settings.IMPORT_LOCK_TIMEOUT,
    )
    # Asked afterwards: the statement may have waited for whoever deleted one of them.
    is_sure = written == len(people)
    if not is_sure and Profile.objects.filter(pk__in=people).count() < len(people):
        raise Collided
