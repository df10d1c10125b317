"""The catalogue for people who receive events: ``docs/events.md``."""

from collections.abc import Iterable

from currents.types.base import CATALOGUE, Properties
from currents.types.fields import Described, person_fields, property_fields

INTRODUCTION = """# Events

Written by `manage.py event_catalogue` from the classes in `currents/types/`.

A connector posts `{"events": […]}`. Each event has an `event_type`, an `id` (UUID; the same one if
the event is sent again), a `time` (Unix seconds, UTC), a `user` and `properties`. What is absent is
an absent key. Fields marked • are always there. Field types never change and new fields are
optional; a receiver should pass over fields and event types that it does not know.

An event may come more than once, always under the same `id`. Those of one type come in the order
in which they happened, as far as they were not sent again; between types there is no order.
"""


def page() -> str:
    return "\n".join([INTRODUCTION, *(_section(kind) for kind in CATALOGUE.values())])


def _section(kind: type[Properties]) -> str:
    meaning = " ".join((kind.__doc__ or "").split())
    parts = (("user", person_fields(kind)), ("properties", property_fields(kind)))
    tables = "\n\n".join(_table(name, list(fields)) for name, fields in parts)
    return f"## {kind.event_type}\n\n{meaning}\n\nSource: {kind.source}.\n\n{tables}\n"


def _table(part: str, fields: Iterable[Described]) -> str:
    lines = [
        f"| `{each.name}`{' •' if each.always else ''} | {each.kind} | {each.meaning} |"
        for each in fields
    ]
    return "\n".join([f"| `{part}` | type | meaning |", "|---|---|---|", *lines])
