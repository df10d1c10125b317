"""What happened, and how it is written down: the envelope that a receiver gets."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from currents.types.base import Person, Properties, Uuid

NOTHING = (None, "")


class StreamedEvent(NamedTuple):
    """What a person did, or what was done to them, at a time."""

    what: Properties
    who: Person
    time: datetime


def envelope(event: StreamedEvent, *, workspace_uid: Uuid, id: UUID | None = None) -> str:
    """Return one event as JSON text, with ``id`` or one of its own.

    Absent values are absent keys. Raises ValueError where a value has no place in JSON.
    """
    what, who, time = event
    user = {
        name: value
        for name, value in vars(who).items()
        if value not in NOTHING and name not in what.not_of_person
    }
    told = {name: value for name, value in vars(what).items() if value not in NOTHING}
    told["app_group_id"] = str(workspace_uid)
    return compact(
        {
            "event_type": what.event_type,
            "id": str(id or uuid4()),
            "time": int(time.timestamp()),
            "user": user,
            "properties": told,
        }
    )


def compact(value: Any) -> str:
    return ENCODER.encode(value)


def body(envelopes: list[str]) -> bytes:
    """Return the body of one call: its events, each as ``envelope`` made it."""
    return f'{{"events":[{",".join(envelopes)}]}}'.encode()


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise ValueError(f"{type(value).__name__} has no place in an event")


#: In ASCII: any text that came in, even half a surrogate pair, can be passed on.
ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_plain)
