"""What is known of one person, as the pages show it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.db.models import QuerySet

from profiles.attributes import parse_time
from profiles.models import Event, EventKind, EventTotal, Profile
from profiles.standard import ATTRIBUTES, Attribute, Shown
from workspaces.models import Workspace

#: How many events the page lists, the newest first.
MOST_EVENTS = 25
#: How many of anything else: attributes, names of events, aliases, devices.
MOST_SHOWN = 100


@dataclass(frozen=True)
class Beginning[T]:
    """The first of some rows, and how many ``more`` there are."""

    rows: Sequence[T]
    more: int

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> T:
        return self.rows[place]


def beginning[T](rows: Sequence[T] | QuerySet[Any]) -> Beginning[T]:
    """Return the first ``MOST_SHOWN`` of ``rows``: a page stays small, whatever is stored."""
    some: list[Any] = list(rows[: MOST_SHOWN + 1])
    if len(some) <= MOST_SHOWN:
        return Beginning(some, 0)
    total = rows.count() if isinstance(rows, QuerySet) else len(rows)
    return Beginning(some[:MOST_SHOWN], total - MOST_SHOWN)


@dataclass(frozen=True)
class Activity:
    """What a person did of one kind: how often, for how much, when first and last, by name."""

    kind: EventKind
    totals: Beginning[EventTotal]

    @property
    def spends(self) -> bool:
        return self.kind == EventKind.PURCHASE


def find(workspace: Workspace, braze_id: str) -> Profile | None:
    """Return the person of ``workspace`` with that Braze id."""
    return Profile.objects.in_workspace(workspace).filter(braze_id=braze_id.lower()).first()


def facts(person: Profile, *, personal: bool) -> list[tuple[Any, Any]]:
    """Return the standard attributes of ``person`` with their names; ``personal`` ones if asked."""
    shown = (Shown.PERSONAL, Shown.PLAIN) if personal else (Shown.PLAIN,)
    return [(each.label, _said(person, each)) for each in ATTRIBUTES if each.shown in shown]


def _said(person: Profile, attribute: Attribute) -> Any:
    value = getattr(person, attribute.column)
    return dict(attribute.choices.choices).get(value, value) if attribute.choices else value


def custom_values(person: Profile) -> Beginning[tuple[str, Any]]:
    """Return the first custom attributes of ``person`` by name."""
    names = beginning(sorted(person.custom))
    return Beginning([(name, _custom(person, name)) for name in names], names.more)


def custom_beside(one: Profile, other: Profile) -> Beginning[tuple[Any, Any, Any, bool]]:
    """Return the first custom attributes of two people as ``beside`` does, by name."""
    names = beginning(sorted(one.custom.keys() | other.custom.keys()))
    sides = ([(n, _custom(p, n)) for n in names if n in p.custom] for p in (one, other))
    return Beginning(sorted(beside(*sides), key=itemgetter(0)), names.more)


def _custom(person: Profile, name: str) -> Any:
    """Return a value; what spells a time is one."""
    value = person.custom[name]
    return (parse_time(value) if isinstance(value, str) else None) or value


def beside(
    kept: list[tuple[Any, Any]], other: list[tuple[Any, Any]]
) -> list[tuple[Any, Any, Any, bool]]:
    """Return what two people have, a row for each name: it, both values, and whether a merge of the
    second into the first loses its value. A value that is not there is None."""
    ones, twos = dict(kept), dict(other)
    rows = [(name, ones.get(name), twos.get(name)) for name in ones | twos]
    nothing = (None, "")
    return [
        (name, one, two, one not in nothing and two not in nothing and one != two)
        for name, one, two in rows
    ]


def activities(person: Profile) -> list[Activity]:
    """Return all that ``person`` ever did, by kind; in each what was done last comes first."""
    totals = list(EventTotal.objects.filter(profile=person).order_by("-last_at", "name"))
    kinds = {kind: [t for t in totals if t.kind == kind] for kind in EventKind}
    return [Activity(kind, beginning(done)) for kind, done in kinds.items() if done]


def newest_events(person: Profile) -> list[Event]:
    """Return the ``MOST_EVENTS`` newest events of ``person``."""
    return list(Event.objects.filter(profile=person).order_by("-time", "-pk")[:MOST_EVENTS])
