"""What is known of one person, as the pages show it."""

from dataclasses import dataclass
from typing import Any

from profiles.attributes import parse_time
from profiles.models import Event, EventKind, EventTotal, Profile
from profiles.standard import ATTRIBUTES, Attribute, Shown
from workspaces.models import Workspace

#: How many events the page lists, the newest first.
MOST_EVENTS = 25


@dataclass(frozen=True)
class Activity:
    """What a person did of one kind: how often, for how much, when first and last, by name."""

    kind: EventKind
    totals: list[EventTotal]

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


def custom_values(person: Profile) -> list[tuple[str, Any]]:
    """Return the custom attributes of ``person`` by name; what spells a time is one."""
    return [
        (name, (parse_time(value) if isinstance(value, str) else None) or value)
        for name, value in sorted(person.custom.items())
    ]


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
    kinds = [Activity(kind, [t for t in totals if t.kind == kind]) for kind in EventKind]
    return [activity for activity in kinds if activity.totals]


def newest_events(person: Profile) -> list[Event]:
    """Return the ``MOST_EVENTS`` newest events of ``person``."""
    return list(Event.objects.filter(profile=person).order_by("-time", "-pk")[:MOST_EVENTS])
