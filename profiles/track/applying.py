"""Applying a track call: what is said of people and what they did, in one transaction."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, OperationalError
from django.db.models import Max, Min
from psycopg import errors

from lib.statements import pipelined
from lib.transactions import ResourceLocked, retried
from profiles import custom_size, telling
from profiles.attributes import InvalidAttribute
from profiles.events import NewEvent, spell
from profiles.identity import look_up
from profiles.identity.who import Kind, Who, create, find
from profiles.models import EventKind, EventTotal, SubscriptionGroup
from profiles.track import writing
from profiles.track.call import TrackCall
from profiles.track.edits import Put
from profiles.track.items import Attributes, Occurrence
from profiles.track.writing import Changes, Said
from workspaces.models import Workspace

#: A profile, the place of an item in its array, and the item, which is about that profile.
type Meant = tuple[int, int, Attributes]
type Span = tuple[datetime, datetime]


def track(workspace: Workspace, call: TrackCall) -> None:
    """Read ``call`` and apply it: attributes, then events, then purchases, each array in its order.

    A profile that is unknown is made, if the item allows it; otherwise the item is passed over. An
    item that the present state of a profile does not allow is added to the refusals of ``call`` and
    leaves no trace. Raises ``ResourceLocked``, and what ``call.read`` raises.
    """
    try:
        _apply(workspace, call)
    except IntegrityError as error:
        if not custom_size.is_refusal(error):
            raise
        # Only now is it asked who would have too many attributes: no other call pays for it.
        _apply(workspace, call, sparing=True)
    except OperationalError as error:
        if isinstance(error.__cause__, errors.LockNotAvailable):
            raise ResourceLocked from None
        raise


@retried
def _apply(workspace: Workspace, call: TrackCall, *, sparing: bool = False) -> None:
    hearings = None
    # The database looks people up while what is said of them is read.
    with pipelined():
        sought = look_up.seek_people(workspace.pk, call.external_ids())
        if call.tells_events:
            hearings = telling.Hearings(workspace)
            hearings.ask()
        call.read()
        occurrences = call.occurrences()
        spelled = spell(occurrences)
    found = sought.fetchall()
    if hearings:
        hearings.people.update((pk, who) for pk, *who in found)
    known = {Who(Kind.EXTERNAL_ID, external_id): pk for pk, _, external_id, _ in found}
    attributes = _of_known_groups(workspace, call)
    ids = _people(workspace, [item for _, item in attributes], occurrences, known)
    meant = [(ids[item.who], index, item) for index, item in attributes if item.who in ids]
    customs = _customs(workspace, [(pk, item) for pk, _, item in meant], hold=sparing)
    told, applied = _told(call, meant, customs)
    if sparing:
        meant = _without_too_large(workspace, call, meant, told)
        told, applied = _told(call, meant, customs)
    sessions = list(_sessions(applied))
    told.events = [*sessions, *_events(ids, occurrences)]
    # Otherwise they are not those that were spelled: some are of no profile, or sessions have come.
    if not sessions and len(told.events) == len(occurrences):
        told.spelled = spelled
    writing.record(workspace, told, hearings=hearings)


def _of_known_groups(workspace: Workspace, call: TrackCall) -> list[tuple[int, Attributes]]:
    """Return the attributes whose subscription groups exist; refuse the others."""
    wanted = {group for _, item in call.attributes for group in item.groups}
    if not wanted:
        return call.attributes
    groups = SubscriptionGroup.objects.in_workspace(workspace).filter(pk__in=wanted)
    unknown = wanted.difference(groups.values_list("pk", flat=True))
    good = []
    for index, item in call.attributes:
        if unknown.isdisjoint(item.groups):
            good.append((index, item))
        else:
            reason = "'subscription_groups' names a group that does not exist"
            call.refuse(reason, "attributes", index)
    return good


def _people(
    workspace: Workspace,
    said: list[Attributes],
    occurrences: list[Occurrence],
    known: dict[Who, int],
) -> dict[Who, int]:
    """Return the profile ids of the people of a call, of whom some are ``known``, after making
    those who may be made.
    """
    items: list[Attributes | Occurrence] = [*said, *occurrences]
    ids = known | find(workspace, {item.who for item in items} - known.keys())
    missing = {item.who for item in items if item.creates and item.who not in ids}
    # A push token that is known needs no import.
    ids = {who: pk for who, pk in ids.items() if who.kind is not Kind.PUSH_TOKEN}
    if missing:
        claims = _claims(item for item in said if item.who in ids or item.who in missing)
        ids |= create(workspace, missing - claims.keys())
        # E-mail addresses first: a phone number may be claimed by one of them.
        for who in sorted(missing & claims.keys()):
            ids[who] = ids[claims[who]]
    return ids


def _claims(said: Iterable[Attributes]) -> dict[Who, Who]:
    """Return, of e-mail addresses and phone numbers, who gets them by the same call: whoever is
    then named by one of them, and unknown so far, is that person.
    """
    return {
        Who(kind, item.columns[kind]): item.who
        for item in said
        for kind in (Kind.EMAIL, Kind.PHONE)
        if kind is not item.who.kind and item.columns.get(kind)
    }


def _customs(
    workspace: Workspace, meant: list[tuple[int, Attributes]], *, hold: bool
) -> dict[int, dict[str, Any]]:
    """Hold the people and return their custom attributes, if what is said depends on them, or
    with ``hold`` in any case.
    """
    if not hold and all(isinstance(edit, Put) for _, item in meant for edit in item.edits.values()):
        return {}
    return writing.hold(workspace, {pk for pk, _ in meant})


def _told(
    call: TrackCall, meant: list[Meant], customs: dict[int, dict[str, Any]]
) -> tuple[Changes, list[tuple[int, Attributes]]]:
    """Return what the items ``meant`` say of people, and those of them that are not refused."""
    told, applied = Changes(), []
    for pk, index, item in meant:
        try:
            _tell(told, pk, item, customs.get(pk, {}))
            applied.append((pk, item))
        except InvalidAttribute as error:
            call.refuse(str(error), "attributes", index)
    return told, applied


def _without_too_large(
    workspace: Workspace, call: TrackCall, meant: list[Meant], told: Changes
) -> list[Meant]:
    """Refuse the items by which somebody would have too many attributes; return the others."""
    too_large = writing.too_large(workspace, told.people)
    good = []
    for pk, index, item in meant:
        if pk in too_large and item.edits:
            call.refuse(str(custom_size.TOO_LARGE), "attributes", index)
        else:
            good.append((pk, index, item))
    return good


def _tell(told: Changes, pk: int, item: Attributes, known: dict[str, Any]) -> None:
    """Add to ``told`` what ``item`` says of a person whose custom attributes are ``known``.

    Raises ``InvalidAttribute`` before anything is added.
    """
    said = told.people.get(pk) or Said()
    put, gone = dict(said.put), set(said.gone)
    for name, edit in item.edits.items():
        value = edit.of(put.get(name, None if name in gone else known.get(name)))
        if value is None:
            put.pop(name, None)
            gone.add(name)
        else:
            put[name] = value
            gone.discard(name)
    told.people[pk] = Said(said.columns | item.columns, put, frozenset(gone))
    told.subscriptions.update({(group, pk): state for group, state in item.groups.items()})
    told.push_tokens.update({token: (pk, device) for token, device in item.push_tokens.items()})


def _sessions(applied: list[tuple[int, Attributes]]) -> Iterator[NewEvent]:
    """Give a session for each date of a first session that is before all that are known, and of a
    last one that is after them.
    """
    dated = [(pk, item) for pk, item in applied if item.first_session or item.last_session]
    spans = _spans({pk for pk, _ in dated}) if dated else {}
    for pk, item in dated:
        known = spans.get(pk)
        first, last = item.first_session, item.last_session
        news = {
            time
            for time, is_news in (
                (first, known is None or (first and first < known[0])),
                (last, known is None or (last and last > known[1])),
            )
            if time and is_news
        }
        for time in sorted(news):
            yield NewEvent(pk, EventKind.SESSION, item.app_id, time)
        if times := [*news, *(known or ())]:
            spans[pk] = (min(times), max(times))


def _spans(ids: set[int]) -> dict[int, Span]:
    """Return the first and last session of those of ``ids`` who had one."""
    totals = EventTotal.objects.filter(profile__in=ids, kind=EventKind.SESSION)
    rows = totals.values_list("profile").annotate(Min("first_at"), Max("last_at"))
    return {pk: (first, last) for pk, first, last in rows}


def _events(ids: Mapping[Who, int], occurrences: list[Occurrence]) -> Iterator[NewEvent]:
    """Give the events of ``occurrences`` whose people are there."""
    for item in occurrences:
        if item.who in ids:
            yield NewEvent(
                ids[item.who],
                item.kind,
                item.name,
                item.time,
                item.amount,
                item.properties,
                item.app_id,
            )
