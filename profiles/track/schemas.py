"""What the API's description tells of ``/users/track``."""

from typing import Any

from rest_framework import serializers

from profiles.standard import ATTRIBUTES, Attribute, Holds


class TrackAliasSchema(serializers.Serializer):
    alias_name = serializers.CharField()
    alias_label = serializers.CharField()


class WhoSchema(serializers.Serializer):
    external_id = serializers.CharField(required=False)
    user_alias = TrackAliasSchema(required=False)
    braze_id = serializers.CharField(required=False)
    email = serializers.EmailField(required=False)
    phone = serializers.CharField(required=False)
    app_id = serializers.CharField(required=False)
    _update_existing_only = serializers.BooleanField(required=False)


class LocationSchema(serializers.Serializer):
    longitude = serializers.FloatField(min_value=-180, max_value=180)
    latitude = serializers.FloatField(min_value=-90, max_value=90)


class PushTokenSchema(serializers.Serializer):
    app_id = serializers.CharField()
    token = serializers.CharField()
    device_id = serializers.CharField(required=False)


class GroupStateSchema(serializers.Serializer):
    subscription_group_id = serializers.UUIDField()
    subscription_state = serializers.ChoiceField(["subscribed", "unsubscribed"])


class AttributesSchema(WhoSchema):
    """One person, by one of the identifiers. Any other key is a custom attribute."""

    push_token_import = serializers.BooleanField(required=False)
    date_of_first_session = serializers.DateTimeField(required=False)
    date_of_last_session = serializers.DateTimeField(required=False)
    current_location = LocationSchema(required=False, allow_null=True)
    push_tokens = PushTokenSchema(many=True, required=False)
    subscription_groups = GroupStateSchema(many=True, required=False)
    _merge_objects = serializers.BooleanField(required=False)

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        others = (each for each in ATTRIBUTES if each.name not in fields)
        return fields | {each.name: _described(each) for each in others}


def _described(attribute: Attribute) -> serializers.Field:
    options: dict[str, Any] = {"required": False}
    if attribute.empties:
        options["allow_null"] = True
    if attribute.choices:
        return serializers.ChoiceField(attribute.choices.choices, **options)
    return FIELDS[attribute.holds](**options)


FIELDS: dict[Holds, type[serializers.Field]] = {
    Holds.TEXT: serializers.CharField,
    Holds.DAY: serializers.DateField,
    Holds.MOMENT: serializers.DateTimeField,
}


class EventSchema(WhoSchema):
    name = serializers.CharField(max_length=255)
    time = serializers.DateTimeField()
    properties = serializers.DictField(required=False)


class PurchaseSchema(WhoSchema):
    product_id = serializers.CharField(max_length=255)
    currency = serializers.CharField(help_text="ISO 4217, such as USD.")
    price = serializers.FloatField(help_text="Of one piece, in the unit of the currency.")
    quantity = serializers.IntegerField(required=False, min_value=1, max_value=100)
    time = serializers.DateTimeField()
    properties = serializers.DictField(required=False)


class TrackCallSchema(serializers.Serializer):
    """What is said of people and what they did, in the order in which it applies."""

    attributes = AttributesSchema(many=True, required=False)
    events = EventSchema(many=True, required=False)
    purchases = PurchaseSchema(many=True, required=False)
    partner = serializers.CharField(required=False, help_text="Who calls. Not kept.")


class TrackErrorSchema(serializers.Serializer):
    type = serializers.CharField(help_text="What is wrong with the item.")
    input_array = serializers.ChoiceField(["attributes", "events", "purchases"])
    index = serializers.IntegerField(help_text="The item's place in the array, from 0.")


class TrackAnswerSchema(serializers.Serializer):
    """``…_processed`` of each array that was sent; ``errors`` only if there are some."""

    message = serializers.CharField()
    attributes_processed = serializers.IntegerField(required=False)
    events_processed = serializers.IntegerField(required=False)
    purchases_processed = serializers.IntegerField(required=False)
    # The metaclass takes it out of the class, where it would hide another ``errors``.
    errors = TrackErrorSchema(many=True, required=False)  # type: ignore[assignment]


class TrackRefusedSchema(serializers.Serializer):
    message = serializers.CharField()
    errors = TrackErrorSchema(many=True, required=False)  # type: ignore[assignment]
