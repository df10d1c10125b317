"""The catalogue of event types against what is documented."""

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from currents.documentation import page
from currents.envelopes import StreamedEvent, envelope
from currents.samples import sample
from currents.types.base import CATALOGUE
from currents.types.fields import person_fields, property_fields
from tests.worlds.currents_shapes import SHAPES
from tests.worlds.currents_world import THEN

WORKSPACE = uuid.UUID("7c3f1c1e-6a51-4f6d-9f56-7a5ad2f0a001")
#: How a value of each kind looks in JSON.
CHECKS: dict[str, Any] = {
    "string": lambda value: isinstance(value, str),
    "uuid": lambda value: str(uuid.UUID(value)) == value,
    "hex24": lambda value: re.fullmatch("[0-9a-f]{24}", value),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
}


def test_every_type_is_documented_and_every_documented_type_is_here() -> None:
    assert set(CATALOGUE) == set(SHAPES)


@pytest.mark.parametrize("event_type", SHAPES)
def test_a_type_has_the_documented_fields(event_type: str) -> None:
    kind = CATALOGUE[event_type]
    user = {each.name: each.kind for each in person_fields(kind)}
    properties = {each.name: each.kind for each in property_fields(kind)}
    assert (user, properties) == SHAPES[event_type]


@pytest.mark.parametrize("event_type", SHAPES)
def test_an_event_with_every_field_has_the_documented_shape(event_type: str) -> None:
    made = StreamedEvent(*sample(CATALOGUE[event_type]), THEN)
    event = json.loads(envelope(made, workspace_uid=WORKSPACE))
    user, properties = SHAPES[event_type]
    assert list(event) == ["event_type", "id", "time", "user", "properties"]
    assert (event["event_type"], event["time"]) == (event_type, 2033564904)
    assert CHECKS["uuid"](event["id"])
    for part, shape in ((event["user"], user), (event["properties"], properties)):
        assert set(part) == set(shape)
        assert [name for name, value in part.items() if not CHECKS[shape[name]](value)] == []


def test_the_page_for_receivers_is_up_to_date() -> None:
    path: Path = settings.BASE_DIR / "docs" / "events.md"
    assert path.read_text() == page()
