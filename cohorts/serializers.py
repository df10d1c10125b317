"""What a partner may send, and what it is turned into.

The messages are those that Braze documents, to the letter: a field has one, whatever is wrong
with it.
"""

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils.text import Truncator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lib.calendar import is_taken
from profiles.identity.who import is_keepable

MOST_IDENTIFIERS = 1000
TOO_MANY = "Only 1,000 `user_ids`, `device_ids`, and `aliases` are allowed per request"
ISO_8601 = re.compile(r"[0-9W-]+[T ][0-9:.,]+(Z|[+-][0-9:]+)")
NAME_LENGTH = 1000
#: How much of a name is kept. No message of Braze fits a longer one, so it is taken and cut.
KEPT_NAME_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Change:
    """One object of ``cohort_changes``, its aliases as pairs of label and name."""

    user_ids: list[str]
    device_ids: list[str]
    aliases: list[tuple[str, str]]
    should_remove: bool

    def __len__(self) -> int:
        return len(self.user_ids) + len(self.device_ids) + len(self.aliases)


class OneMessageField(serializers.Field):
    """A required field with one message. ``read`` returns the value or raises ``ValueError``."""

    message = ""

    def __init__(self, **kwargs: Any) -> None:
        messages: dict[str, Any] = dict.fromkeys(("required", "null", "invalid"), self.message)
        super().__init__(error_messages=messages, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        try:
            return self.read(data)
        except ValueError:
            self.fail("invalid")

    def read(self, data: Any) -> Any:
        raise NotImplementedError


@extend_schema_field(OpenApiTypes.STR)
class CohortIdField(OneMessageField):
    message = "`cohort_id` must be a valid string"

    def read(self, data: Any) -> str:
        text = _identifier(data)
        _insist(text.strip())
        return text


@extend_schema_field(OpenApiTypes.STR)
class NameField(OneMessageField):
    message = "`name` must be a non-empty string"

    def read(self, data: Any) -> str:
        _insist(isinstance(data, str) and data.strip() and len(data) <= NAME_LENGTH)
        _insist("\0" not in data and data.encode())
        return Truncator(data).chars(KEPT_NAME_LENGTH)


@extend_schema_field(OpenApiTypes.DATETIME)
class CreatedAtField(OneMessageField):
    """A time with an offset, or ``Z``: one without would be anybody's guess."""

    message = "`created_at` must be a valid time as an ISO-8601 string"

    def read(self, data: Any) -> datetime:
        # The library takes any character between date and time, and a NUL at the end.
        _insist(isinstance(data, str) and ISO_8601.fullmatch(data))
        time = datetime.fromisoformat(data)
        _insist(time.tzinfo)
        try:
            moment = time.astimezone(UTC)
        except OverflowError as error:
            raise ValueError from error
        _insist(is_taken(moment))
        return moment


class AliasSchema(serializers.Serializer):
    alias_label = serializers.CharField()
    alias_name = serializers.CharField()


class ChangeSchema(serializers.Serializer):
    user_ids = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="External ids."
    )
    device_ids = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Devices of anonymous users."
    )
    aliases = AliasSchema(many=True, required=False, help_text="Or one alias object.")
    should_remove = serializers.BooleanField(
        default=False, help_text="Whether these users leave the cohort."
    )


@extend_schema_field(ChangeSchema(many=True))
class CohortChangesField(OneMessageField):
    """An array of objects, or the JSON text of one, as an old example of Braze's has it.

    Plain loops over the identifiers: a field for each of 1,000 would cost more than their import.
    """

    message = (
        "`cohort_changes` must be an array of objects each with key `user_ids` and/or "
        "`device_ids` mapping to an array of strings, or an `aliases` object"
    )

    def read(self, data: Any) -> list[Change]:
        if isinstance(data, str):
            data = _parsed(data)
        changes = [_change(item) for item in _list(data)]
        if sum(map(len, changes)) > MOST_IDENTIFIERS:
            raise serializers.ValidationError(TOO_MANY)
        return changes


class CohortSerializer(serializers.Serializer):
    cohort_id = CohortIdField()
    name = NameField()
    created_at = CreatedAtField()


class CohortUsersSerializer(serializers.Serializer):
    cohort_id = CohortIdField()
    cohort_changes = CohortChangesField()


class KeysSchema(serializers.Serializer):
    partner_api_key = serializers.CharField(help_text="Which partner calls.")
    client_secret = serializers.CharField(help_text="The workspace's Data Import Key.")


class CohortCallSchema(KeysSchema, CohortSerializer):
    """A cohort's name, with the keys, which are checked before anything else."""


class CohortUsersCallSchema(KeysSchema, CohortUsersSerializer):
    """Who entered a cohort and who left it since the last call, with the keys."""


def _insist(condition: object) -> None:
    if not condition:
        raise ValueError


def _identifier(value: Any) -> str:
    """Return ``value`` as the text of an identifier; a number becomes its decimal digits.

    Raises ``ValueError``. An empty text is taken: it is counted as one that nobody has.
    """
    text = value if type(value) is str else _digits(value)
    if not is_keepable(text):
        raise ValueError
    return text


def _digits(value: Any) -> str:
    if type(value) is int:
        return str(value)
    _insist(type(value) is float and math.isfinite(value))
    return format(Decimal(repr(value)).normalize(), "f")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError from error


def _list(value: Any) -> list[Any]:
    """Return ``value``, which must be a list; null counts as an empty one."""
    _insist(value is None or isinstance(value, list))
    return value or []


def _change(item: Any) -> Change:
    _insist(isinstance(item, dict))
    users, devices, aliases = (item.get(key) for key in ("user_ids", "device_ids", "aliases"))
    _insist(any(kind is not None for kind in (users, devices, aliases)))
    should_remove = item.get("should_remove")
    _insist(should_remove is None or isinstance(should_remove, bool))
    if isinstance(aliases, dict):
        aliases = [aliases]
    return Change(
        user_ids=[_identifier(value) for value in _list(users)],
        device_ids=[_identifier(value) for value in _list(devices)],
        aliases=[_alias(value) for value in _list(aliases)],
        should_remove=bool(should_remove),
    )


def _alias(item: Any) -> tuple[str, str]:
    _insist(isinstance(item, dict))
    return _identifier(item.get("alias_label")), _identifier(item.get("alias_name"))
