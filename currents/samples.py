"""Made-up events: what test events show of each type."""

from dataclasses import fields
from typing import Any

from currents.types.base import Person, Properties

TEXTS = {
    "ad_id_type": "google_ad_id",
    "channel": "email",
    "channel_identifier": "ada@example.com",
    "currency": "USD",
    "device_id": "test-device",
    "email_address": "ada@example.com",
    "external_user_id": "test-user",
    "phone_number": "+14155550100",
    "platform": "android",
    "state_change_source": "Test",
    "subscription_status": "Subscribed",
    "timezone": "America/New_York",
}
#: Nobody's: all zeroes, so that a test event is never taken for a person's.
KINDS: dict[str, Any] = {
    "uuid": "00000000-0000-0000-0000-000000000000",
    "hex24": "0" * 24,
    "number": 1.5,
    "boolean": True,
    "object": {"test": True},
}


def sample(kind: type[Properties]) -> tuple[Properties, Person]:
    """Return an event of ``kind`` with all its fields, and its person."""
    return kind(**_values(kind)), Person(**_values(Person))


def _values(kind: type[Any]) -> dict[str, Any]:
    return {each.name: _value(each.name, each.metadata["kind"]) for each in fields(kind)}


def _value(name: str, kind: str) -> Any:
    return TEXTS.get(name, "Test") if kind == "string" else KINDS[kind]
