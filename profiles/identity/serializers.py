"""What the calls about identities may send, and what it is turned into.

A whole call is refused where an array is missing, no array or too long. What is wrong with one item
is told of that item, by ``Refused``, while the others are applied; but of ``/users/merge``, whose
messages are Braze's to the letter.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from rest_framework import serializers

from profiles.identity.naming import Refused
from profiles.identity.who import (
    PRIORITIES,
    Kind,
    NotAnIdentifier,
    SharedAddress,
    Who,
    read_identifier,
)

MOST_ITEMS = 50
TOO_MANY_IDENTITIES = "The max number of external_ids and aliases per request was exceeded"
TOO_MANY_IDS = "The max number of ids per request was exceeded"
TOO_MANY_MERGES = "a single request may not contain more than 50 merge updates"
NO_OBJECTS = "'merge_updates' must be an array of objects"
OTHER_KEYS = "'merge_updates' must only have 'identifier_to_merge' and 'identifier_to_keep'"
NO_IDENTIFIER = (
    "identifiers must be objects with an 'external_id' property that is a string, 'user_alias' "
    "property that is an object, 'email' property that is a string, or 'phone' property that is a "
    "string"
)
NO_PRIORITIZATION = (
    "'prioritization' must be an array of 'most_recently_updated', 'least_recently_updated', and "
    "either 'identified' or 'unidentified'"
)


class ItemsField(serializers.Field):
    """An array of at most 50, the items as they were sent. Null is as good as left out."""

    def __init__(self, *, too_many: str = TOO_MANY_IDENTITIES, **kwargs: Any) -> None:
        super().__init__(allow_null=not kwargs.get("required", True), **kwargs)
        self.too_many = too_many

    def fail(self, key: str, **kwargs: Any) -> NoReturn:
        raise serializers.ValidationError(f"'{self.field_name}' must be an array")

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("invalid")
        if len(data) > MOST_ITEMS:
            raise serializers.ValidationError(self.too_many)
        return data


class SomeItemsSerializer(serializers.Serializer):
    """Arrays of which one at least must be there."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        sent = {name: items for name, items in attrs.items() if items is not None}
        if not sent:
            names = ", ".join(f"'{name}'" for name in self.fields)
            raise serializers.ValidationError(f"one of {names} is required")
        return sent


class IdentifySerializer(SomeItemsSerializer):
    aliases_to_identify = ItemsField(required=False)
    emails_to_identify = ItemsField(required=False)
    phone_numbers_to_identify = ItemsField(required=False)


class NewAliasesSerializer(serializers.Serializer):
    user_aliases = ItemsField()


class AliasUpdatesSerializer(serializers.Serializer):
    alias_updates = ItemsField()


class DeleteSerializer(SomeItemsSerializer):
    external_ids = ItemsField(required=False, too_many=TOO_MANY_IDS)
    user_aliases = ItemsField(required=False, too_many=TOO_MANY_IDS)
    braze_ids = ItemsField(required=False, too_many=TOO_MANY_IDS)
    email_addresses = ItemsField(required=False, too_many=TOO_MANY_IDS)
    phone_numbers = ItemsField(required=False, too_many=TOO_MANY_IDS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        sent = super().validate(attrs)
        if sum(map(len, sent.values())) > MOST_ITEMS:
            raise serializers.ValidationError(TOO_MANY_IDS)
        return sent


class MergeUpdatesField(serializers.Field):
    """The pairs of a profile to merge and one to keep."""

    def __init__(self, **kwargs: Any) -> None:
        messages: dict[str, Any] = dict.fromkeys(("required", "null"), NO_OBJECTS)
        super().__init__(error_messages=messages, **kwargs)

    def to_internal_value(self, data: Any) -> list[tuple[Who | SharedAddress, Who | SharedAddress]]:
        if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
            raise serializers.ValidationError(NO_OBJECTS)
        if len(data) > MOST_ITEMS:
            raise serializers.ValidationError(TOO_MANY_MERGES)
        if not all(item.keys() == {"identifier_to_merge", "identifier_to_keep"} for item in data):
            raise serializers.ValidationError(OTHER_KEYS)
        try:
            return [
                (read_any(item["identifier_to_merge"]), read_any(item["identifier_to_keep"]))
                for item in data
            ]
        except Refused as error:
            raise serializers.ValidationError(str(error)) from error


class MergeSerializer(serializers.Serializer):
    merge_updates = MergeUpdatesField()


class FilledItemsField(ItemsField):
    """One of which an empty array is refused too."""

    def to_internal_value(self, data: Any) -> list[Any]:
        items = super().to_internal_value(data)
        if not items:
            raise serializers.ValidationError(f"'{self.field_name}' must not be empty")
        return items


class RenamesSerializer(serializers.Serializer):
    external_id_renames = FilledItemsField(too_many=TOO_MANY_IDS)


class RemovalsSerializer(serializers.Serializer):
    external_ids = FilledItemsField(too_many=TOO_MANY_IDS)


# Items


def read_text(item: Any, key: str) -> str:
    """Return the text under ``key`` of an item. Raises ``Refused``."""
    if not isinstance(item, dict):
        raise Refused("an item and its user_alias must each be an object")
    return read_id(item.get(key), key)


def read_id(value: Any, name: str = "each") -> str:
    """Return ``value``, an identifier. Raises ``Refused``, which calls it ``name``."""
    try:
        return read_identifier(value, "must be a non-empty string")
    except NotAnIdentifier as error:
        raise Refused(f"{name} {error}") from None


def read_alias(item: Any) -> Who:
    """Return the alias that an object with ``alias_label`` and ``alias_name`` names."""
    return Who.alias(read_text(item, "alias_label"), read_text(item, "alias_name"))


def read_address(item: Any, kind: Kind) -> SharedAddress:
    """Return which profile an object with an address and a prioritization names."""
    address = read_text(item, kind)
    words = item.get("prioritization")
    if (
        not isinstance(words, list)
        or not all(isinstance(word, str) and word in PRIORITIES for word in words)
        or {"identified", "unidentified"} <= set(words)
    ):
        raise Refused(NO_PRIORITIZATION)
    return _shared(kind, address, *words)


def read_address_or_text(item: Any, kind: Kind) -> SharedAddress:
    """Read also a bare address, which names a profile if only that one has it."""
    return _shared(kind, read_id(item, kind)) if isinstance(item, str) else read_address(item, kind)


def _shared(kind: Kind, address: str, *words: str) -> SharedAddress:
    return SharedAddress(kind, address.lower() if kind is Kind.EMAIL else address, words)


#: By property, what reads an identifier of ``/users/merge``: an object with just that one.
IDENTIFIERS: dict[str, Callable[[dict[str, Any]], Who | SharedAddress]] = {
    "external_id": lambda item: Who.external_id(read_text(item, "external_id")),
    "user_alias": lambda item: read_alias(item["user_alias"]),
    "email": lambda item: read_address(item, Kind.EMAIL),
    "phone": lambda item: read_address(item, Kind.PHONE),
}


def read_any(item: Any) -> Who | SharedAddress:
    """Return what an identifier of ``/users/merge`` names. Raises ``Refused``."""
    known = item if isinstance(item, dict) else {}
    kinds = [kind for kind in IDENTIFIERS if known.get(kind) is not None]
    if len(kinds) != 1:
        raise Refused(NO_IDENTIFIER)
    try:
        return IDENTIFIERS[kinds[0]](known)
    except Refused as error:
        problem = str(error)
        raise Refused(problem if problem == NO_PRIORITIZATION else NO_IDENTIFIER) from error
