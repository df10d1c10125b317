"""What the event streams of a workspace are told of its people. Where no connector wants it, that
is one look-up.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from currents import outbox
from currents.envelopes import StreamedEvent
from currents.types.base import Person, Properties
from currents.types.behaviours import (
    CustomEvent,
    FirstSession,
    GlobalStateChange,
    GroupStateChange,
    Location,
    Purchase,
    SessionStart,
)
from profiles.events import NewEvent
from profiles.models import EventKind, EventTotal, Profile, Subscription, SubscriptionGroup
from profiles.telling import IDENTITY, Identities, News, Source
from workspaces.models import Workspace

STATES = {
    Subscription.OPTED_IN: "Opted In",
    Subscription.SUBSCRIBED: "Subscribed",
    Subscription.UNSUBSCRIBED: "Unsubscribed",
}
#: The channel that a column of ``Profile`` is about.
CHANNELS = {"email_subscribe": "email", "push_subscribe": "push"}
#: By a column of which an event is made, the type of that.
STREAMED: dict[str, type[Properties]] = {
    "latitude": Location,
    **dict.fromkeys(CHANNELS, GlobalStateChange),
}
#: Of what events tell who did something.
TOLD: dict[EventKind, tuple[type[Properties], ...]] = {
    EventKind.CUSTOM: (CustomEvent,),
    EventKind.PURCHASE: (Purchase,),
    EventKind.SESSION: (FirstSession, SessionStart),
}
#: Properties of a purchase in another currency, as it was paid.
CURRENCY, PRICE = "$currency", "$price"


class EventStreams:
    """The listener to changes that writes to the outbox what a connector wants."""

    def concerns(self, news: News) -> bool:
        return bool(news.events or _with_settings(news))

    def listen(self, workspace: Workspace) -> "EventStream":
        return EventStream(workspace, outbox.ask(workspace.pk))


class EventStream:
    """The event stream of ``workspace``: ``asked`` is what its connectors want."""

    def __init__(self, workspace: Workspace, asked: outbox.Asked) -> None:
        self._workspace = workspace
        self._asked = asked

    def wants(self, columns: Iterable[str]) -> bool:
        return self._asked.wants(*(STREAMED[name] for name in columns if name in STREAMED))

    def hear(self, news: News, *, source: Source, people: Identities) -> None:
        asked, workspace = self._asked, self._workspace
        if not asked.queues:
            return
        profiles = _in_workspace(workspace, _with_settings(news))
        events = [event for event in news.events if asked.wants(*TOLD[event.kind])]
        streamed = [
            *_settings(news, profiles, source),
            *_groups(news, profiles, source),
            *_events(events, _who_did(workspace, events, people)),
        ]
        outbox.write(workspace.pk, streamed, asked=asked)


def _with_settings(news: News) -> set[int]:
    """Return the profiles whose settings changed: an event of those tells an address as well."""
    told = {pk for pk, columns in news.columns.items() if any(_streamed(columns))}
    return told | {pk for _, pk in news.groups}


def _who_did(
    workspace: Workspace, events: Collection[NewEvent], known: Identities
) -> dict[int, Person]:
    """Return who the people of ``events`` are: those ``known`` by ``IDENTITY``, and the others."""
    did = {event.profile_id for event in events}
    people = {pk: _person(*known[pk]) for pk in did if pk in known}
    others = _in_workspace(workspace, did - people.keys())
    return people | {pk: _who(profile) for pk, profile in others.items()}


def _in_workspace(workspace: Workspace, ids: Collection[int]) -> dict[int, Profile]:
    """Return those of ``ids`` who are people of ``workspace``. They are read by their ids alone:
    the planner would take a workspace that it has not seen yet for an empty one, and read it all.
    """
    found = Profile.objects.in_bulk(ids) if ids else {}
    return {pk: person for pk, person in found.items() if person.workspace_id == workspace.pk}


def _person(braze_id: str, external_id: str | None, time_zone: str) -> Person:
    return Person(user_id=braze_id, external_user_id=external_id, timezone=time_zone)


def _streamed(columns: Mapping[str, Any]) -> Iterator[str]:
    """Give those of ``columns`` of which an event is made."""
    return (name for name in STREAMED if name in columns)


def _settings(
    news: News, profiles: Mapping[int, Profile], source: Source
) -> Iterator[StreamedEvent]:
    now = timezone.now()
    for pk, columns in news.columns.items():
        if profile := profiles.get(pk):
            for name in _streamed(columns):
                if what := _set(profile, name, columns, source):
                    yield StreamedEvent(what, _who(profile), now)


def _set(
    profile: Profile, name: str, columns: Mapping[str, Any], source: Source
) -> GlobalStateChange | Location | None:
    if name in CHANNELS:
        return GlobalStateChange(
            subscription_status=STATES[Subscription(columns[name])],
            channel=CHANNELS[name],
            state_change_source=source,
            email_address=profile.email or None,
        )
    latitude, longitude = columns["latitude"], columns.get("longitude")
    if latitude is None or longitude is None:
        return None
    return Location(latitude=float(latitude), longitude=float(longitude))


def _groups(news: News, profiles: Mapping[int, Profile], source: Source) -> Iterator[StreamedEvent]:
    if not news.groups:
        return
    now = timezone.now()
    known = SubscriptionGroup.objects.in_bulk({group for group, _ in news.groups})
    for (group, pk), subscribed in news.groups.items():
        if group in known and (profile := profiles.get(pk)):
            state = Subscription.SUBSCRIBED if subscribed else Subscription.UNSUBSCRIBED
            what = GroupStateChange(
                subscription_group_id=group,
                subscription_status=STATES[state],
                channel=known[group].channel,
                state_change_source=source,
                email_address=profile.email or None,
                phone_number=profile.phone or None,
            )
            yield StreamedEvent(what, _who(profile), now)


def _who(profile: Profile) -> Person:
    return _person(*(getattr(profile, name) for name in IDENTITY))


def _events(events: Collection[NewEvent], people: Mapping[int, Person]) -> Iterator[StreamedEvent]:
    firsts, now = _first_sessions(events), timezone.now()
    for event in events:
        if person := people.get(event.profile_id):
            for what in _done(event, firsts):
                yield StreamedEvent(what, person, min(event.time, now))


def _done(event: NewEvent, firsts: Mapping[int, datetime]) -> Iterable[Properties]:
    app_id = event.app_id or None
    if event.kind == EventKind.CUSTOM:
        yield CustomEvent(
            name=event.name, custom_properties=event.properties or None, app_id=app_id
        )
    elif event.kind == EventKind.PURCHASE:
        sent = dict(event.properties or {})
        currency, price = sent.pop(CURRENCY, "USD"), sent.pop(PRICE, event.amount)
        yield Purchase(
            product_id=event.name,
            price=float(price or 0),
            currency=currency,
            purchase_properties=sent or None,
            app_id=app_id,
        )
    else:
        if firsts.get(event.profile_id) == event.time:
            yield FirstSession(app_id=event.name or None)
        yield SessionStart(app_id=event.name or None)


def _first_sessions(events: Collection[NewEvent]) -> dict[int, datetime]:
    """Return, of people who had no session before, the time of their first one in ``events``."""
    told: dict[int, list[datetime]] = {}
    for event in events:
        if event.kind == EventKind.SESSION:
            told.setdefault(event.profile_id, []).append(event.time)
    if not told:
        return {}
    totals = EventTotal.objects.filter(profile__in=told, kind=EventKind.SESSION)
    counts = dict(totals.values_list("profile").annotate(Sum("count")))
    return {pk: min(times) for pk, times in told.items() if counts.get(pk) == len(times)}
