"""What a type of streamed event is, and the catalogue of all types.

A type is one class under ``register`` in a module of this package, which ``currents.apps`` imports
at start-up. The fields of a class are the properties of its events, under the names and types of
Braze's custom HTTP connector. Connectors then offer the type, and ``manage.py event_catalogue``
writes it into ``docs/events.md``. A field's type never changes, a new field is optional, and no
field is taken away: receivers rely on that.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

#: An identifier that is a UUID, as one or as text.
type Uuid = UUID | str


def prop(kind: str, meaning: str) -> Any:
    return field(default=None, metadata={"kind": kind, "meaning": meaning})


def always(kind: str, meaning: str) -> Any:
    return field(metadata={"kind": kind, "meaning": meaning, "always": True})


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who did it: the ``user`` of an event."""

    user_id: str = always("hex24", "The `braze_id`")
    external_user_id: str | None = prop("string", "The external id, of an identified person")
    device_id: str | None = prop("string", "The device on which it happened")
    timezone: str | None = prop("string", "The person's IANA time zone")


@dataclass(frozen=True, kw_only=True)
class Properties:
    """What the events of every type carry beside their own. ``app_group_id``, the workspace,
    joins when an event is written.
    """

    event_type: ClassVar[str]
    label: ClassVar[Any]
    #: What tells of it, for ``docs/events.md``.
    source: ClassVar[str]
    #: Nothing does yet, so the type is only in the catalogue for what is to come.
    is_to_come: ClassVar[bool] = False
    #: The fields of ``Person`` that events of this type do not carry.
    not_of_person: ClassVar[frozenset[str]] = frozenset({"timezone"})

    app_id: Uuid | None = prop("uuid", "The app in which it happened")


#: Every type by its name, in the order of the pages.
CATALOGUE: dict[str, type[Properties]] = {}


def register[P: type[Properties]](event_type: str, label: Any) -> Callable[[P], P]:
    """Add a class to the catalogue as ``event_type``, called ``label`` on the pages."""

    def add(kind: P) -> P:
        kind.event_type, kind.label = event_type, label
        CATALOGUE[event_type] = kind
        return kind

    return add


def label_of(event_type: str) -> str:
    """Return what the pages call ``event_type``: its name, where the catalogue has it no longer."""
    return str(CATALOGUE[event_type].label) if event_type in CATALOGUE else event_type
