"""What a caller may ask to be exported, and what it is turned into.

The messages are those that Braze documents where it has one.
"""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from profiles.export.ids import SINGLES, Named
from profiles.export.user_objects import DAYS, FIELDS, PLAIN
from profiles.identity.who import is_keepable

#: How many external ids and aliases one call may name.
MOST_NAMED = 50
TOO_MANY = "The max number of external_ids and aliases per request was exceeded"
OPTIONAL: dict[str, Any] = {"required": False, "allow_null": True}
NOBODY = f"Bad Request: name users by external_ids, user_aliases, {', '.join(SINGLES)}"


@extend_schema_field(OpenApiTypes.STR)
class TextField(serializers.Field):
    """A text that PostgreSQL can look for."""

    def to_internal_value(self, data: Any) -> str:
        if not is_text(data):
            raise serializers.ValidationError(f"`{self.field_name}` must be a string")
        return data


@extend_schema_field(serializers.ListField(child=serializers.CharField()))
class TextsField(serializers.Field):
    """An array of such texts."""

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list) or not all(map(is_text, data)):
            raise serializers.ValidationError(f"`{self.field_name}` must be an array of strings")
        return data


class ExportedAliasSchema(serializers.Serializer):
    alias_name = serializers.CharField()
    alias_label = serializers.CharField()


@extend_schema_field(ExportedAliasSchema(many=True))
class AliasesField(serializers.Field):
    """An array of user alias objects, as pairs of label and name. One alone is an array of one."""

    def to_internal_value(self, data: Any) -> list[tuple[str, str]]:
        items = [data] if isinstance(data, dict) else data
        if not isinstance(items, list) or not all(map(_is_alias, items)):
            raise serializers.ValidationError(
                f"`{self.field_name}` must be an array of objects with `alias_name` and"
                " `alias_label`, both strings"
            )
        return [(item["alias_label"], item["alias_name"]) for item in items]


@extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=sorted(FIELDS))))
class FieldsField(TextsField):
    """Names of fields of the user object."""

    def to_internal_value(self, data: Any) -> frozenset[str]:  # type: ignore[override]
        names = super().to_internal_value(data)
        if unknown := [name for name in names if name not in FIELDS]:
            raise serializers.ValidationError(
                f"`fields_to_export` has an unknown field: {unknown[0][:100]}"
            )
        return frozenset(names)


class ExportIdsSerializer(serializers.Serializer):
    external_ids = TextsField(**OPTIONAL, help_text="Up to 50, with the aliases.")
    user_aliases = AliasesField(**OPTIONAL)
    device_id = TextField(**OPTIONAL)
    braze_id = TextField(**OPTIONAL)
    email_address = TextField(**OPTIONAL, help_text="All users who have it are exported.")
    phone = TextField(**OPTIONAL, help_text="All users who have it are exported.")
    fields_to_export = FieldsField(**OPTIONAL, help_text="All fields when left out.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Gather the identifiers as ``named``. A null says no more than leaving it out."""
        said = {name: value for name, value in attrs.items() if value}
        singles = {kind: said[kind] for kind in SINGLES if kind in said}
        named = Named(said.get("external_ids", []), said.get("user_aliases", []), singles)
        if len(named.external_ids) + len(named.aliases) > MOST_NAMED:
            raise serializers.ValidationError(TOO_MANY)
        if not named:
            raise serializers.ValidationError(NOBODY)
        return {"named": named, "fields": said.get("fields_to_export", FIELDS)}


def is_text(value: Any) -> bool:
    """Tell whether ``value`` is a text such as an identifier or a name can be."""
    return isinstance(value, str) and is_keepable(value)


def _is_alias(item: Any) -> bool:
    return isinstance(item, dict) and all(
        is_text(item.get(key)) for key in ("alias_label", "alias_name")
    )


# What comes back, for the documentation


class ExportedTotalSchema(serializers.Serializer):
    name = serializers.CharField()
    first = serializers.DateTimeField()
    last = serializers.DateTimeField()
    count = serializers.IntegerField()


class ExportedDeviceSchema(serializers.Serializer):
    device_id = serializers.CharField()


class ExportedPushTokenSchema(serializers.Serializer):
    app = serializers.CharField()
    token = serializers.CharField()
    device_id = serializers.CharField(required=False)


class ExportedAppSchema(serializers.Serializer):
    name = serializers.CharField()
    sessions = serializers.IntegerField()
    first_used = serializers.DateTimeField()
    last_used = serializers.DateTimeField()


class ExportedUserSchema(serializers.Serializer):
    """A person. What is not known of them is left out."""

    created_at = serializers.DateTimeField(required=False)
    external_id = serializers.CharField(required=False)
    user_aliases = ExportedAliasSchema(many=True, required=False)
    braze_id = serializers.CharField(required=False)
    random_bucket = serializers.IntegerField(required=False)
    last_coordinates = serializers.ListField(
        child=serializers.FloatField(), required=False, help_text="Longitude, latitude."
    )
    total_revenue = serializers.FloatField(required=False)
    push_opted_in_at = serializers.DateTimeField(required=False)
    custom_attributes = serializers.DictField(required=False)
    custom_events = ExportedTotalSchema(many=True, required=False)
    purchases = ExportedTotalSchema(many=True, required=False)
    devices = ExportedDeviceSchema(many=True, required=False)
    push_tokens = ExportedPushTokenSchema(many=True, required=False)
    apps = ExportedAppSchema(many=True, required=False)

    def get_fields(self) -> dict[str, serializers.Field]:
        texts = {name: serializers.CharField(required=False) for name in PLAIN}
        days = {name: serializers.DateField(required=False) for name in DAYS}
        return texts | days | super().get_fields()


class ExportedUsersSchema(serializers.Serializer):
    message = serializers.CharField()
    users = ExportedUserSchema(many=True)
    invalid_user_ids = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="What named nobody."
    )
