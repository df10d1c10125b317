"""What the calls about subscriptions take."""

from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Any, NoReturn
from uuid import UUID

from django.utils.dateparse import parse_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from profiles.attributes import is_storable
from profiles.models import Subscription
from rest.queries import one_message
from rest.schema import SuccessSchema

MOST = 50
MOST_LISTED = 500
MOST_USERS = 100
STATES = {"subscribed": True, "unsubscribed": False}
NO_GROUP = "`subscription_group_id` must be the id of a subscription group"
NO_GROUPS = f"`subscription_groups` must be an array of 1 to {MOST} objects"
OFFSETS: dict[str, Any] = {
    "min_value": 0,
    "max_value": 2**31 - 1,
    "default": 0,
    "error_messages": one_message("`offset` must be a number from 0 to 2147483647"),
}
BOTH = "Either an email address or a phone number should be provided, but not both."


@extend_schema_field(serializers.ListField(child=serializers.CharField()))
class TextsField(serializers.Field):
    """One string, or an array of up to ``MOST`` of them."""

    def fail(self, key: str, **kwargs: Any) -> NoReturn:
        self._refuse("must be a string, or an array of strings")

    def to_internal_value(self, data: Any) -> list[str]:
        texts = data if isinstance(data, list) else [data]
        if not all(isinstance(text, str) and text and is_storable(text) for text in texts):
            self.fail("invalid")
        if len(texts) > MOST:
            self._refuse(f"may have at most {MOST} values")
        return texts

    def _refuse(self, problem: str) -> NoReturn:
        raise serializers.ValidationError(f"`{self.field_name}` {problem}")


@extend_schema_field(OpenApiTypes.UUID)
class GroupIdField(serializers.Field):
    default_error_messages = one_message(NO_GROUP)

    def to_internal_value(self, data: Any) -> UUID:
        try:
            return UUID(data)
        except (ValueError, AttributeError, TypeError):
            self.fail("invalid")


@extend_schema_field(serializers.ChoiceField([*STATES]))
class StateField(serializers.Field):
    default_error_messages = one_message(f"`subscription_state` must be one of {', '.join(STATES)}")

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, str) or data not in STATES:
            self.fail("invalid")
        return STATES[data]


@extend_schema_field(serializers.ChoiceField(Subscription.choices))
class EmailStateField(serializers.Field):
    default_error_messages = one_message(
        f"`subscription_state` must be one of {', '.join(Subscription.values)}"
    )

    def to_internal_value(self, data: Any) -> Subscription:
        if not isinstance(data, str) or data not in Subscription.values:
            self.fail("invalid")
        return Subscription(data)


class PeopleSerializer(serializers.Serializer):
    """By whom people are named: an external id, or else an address or a number."""

    external_id = TextsField(required=False, default=list)
    email = TextsField(required=False, default=list)
    phone = TextsField(required=False, default=list)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["email"] and attrs["phone"] and not attrs["external_id"]:
            raise serializers.ValidationError(BOTH)
        if not any(attrs[name] for name in ("external_id", "email", "phone")):
            raise serializers.ValidationError(
                "One of `external_id`, `email` and `phone` must be provided"
            )
        return attrs


class GroupStatusSerializer(PeopleSerializer):
    subscription_group_id = GroupIdField()


class UserStatusSerializer(PeopleSerializer):
    limit = serializers.IntegerField(
        min_value=1,
        max_value=MOST_USERS,
        default=MOST_USERS,
        error_messages=one_message(f"`limit` must be a number from 1 to {MOST_USERS}"),
    )
    offset = serializers.IntegerField(**OFFSETS)


class SetStatusSerializer(PeopleSerializer):
    subscription_group_id = GroupIdField()
    subscription_state = StateField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["email"] and attrs["phone"]:
            raise serializers.ValidationError(BOTH)
        return super().validate(attrs)


class GroupChangeSerializer(serializers.Serializer):
    subscription_group_id = GroupIdField()
    subscription_state = StateField()
    external_ids = TextsField(required=False, default=list)
    emails = TextsField(required=False, default=list)
    phones = TextsField(required=False, default=list)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["emails"] and attrs["phones"]:
            raise serializers.ValidationError(BOTH)
        if not any(attrs[name] for name in ("external_ids", "emails", "phones")):
            raise serializers.ValidationError(
                "One of `external_ids`, `emails` and `phones` must be provided"
            )
        return attrs


class SetStatusesSerializer(serializers.Serializer):
    subscription_groups = serializers.ListField(
        child=GroupChangeSerializer(error_messages=one_message(NO_GROUPS)),
        allow_empty=False,
        max_length=MOST,
        error_messages=one_message(NO_GROUPS)
        | dict.fromkeys(["not_a_list", "empty", "max_length"], NO_GROUPS),
    )


class EmailStatusSerializer(serializers.Serializer):
    email = TextsField()
    subscription_state = EmailStateField()


@extend_schema_field(OpenApiTypes.DATE)
class DayField(serializers.Field):
    """A day as YYYY-MM-DD: midnight in UTC."""

    def to_internal_value(self, data: Any) -> datetime:
        day: date | None = None
        with suppress(ValueError):
            day = parse_date(data) if isinstance(data, str) else None
        if day is None:
            raise serializers.ValidationError(f"`{self.field_name}` must be a date as YYYY-MM-DD")
        return datetime.combine(day, time(), UTC)


class AddressesSerializer(serializers.Serializer):
    """A stretch of days, or one address."""

    start_date = DayField(required=False)
    end_date = DayField(required=False)
    email = serializers.CharField(
        required=False,
        max_length=320,
        error_messages=one_message("`email` must be an e-mail address"),
    )
    limit = serializers.IntegerField(
        min_value=1,
        max_value=MOST_LISTED,
        default=100,
        error_messages=one_message(f"`limit` must be a number from 1 to {MOST_LISTED}"),
    )
    offset = serializers.IntegerField(**OFFSETS)
    sort_direction = serializers.ChoiceField(
        choices=["asc", "desc"],
        default="desc",
        error_messages=one_message("`sort_direction` must be asc or desc"),
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "email" in attrs:
            return attrs
        if "end_date" not in attrs or "start_date" not in attrs:
            raise serializers.ValidationError(
                "`end_date` and either `start_date` or `email` must be provided"
            )
        if attrs["start_date"] >= attrs["end_date"]:
            raise serializers.ValidationError("`start_date` must be earlier than `end_date`")
        return attrs


class UnsubscribeSchema(serializers.Serializer):
    email = serializers.CharField()
    unsubscribed_at = serializers.CharField()


class UnsubscribesSchema(SuccessSchema):
    emails = UnsubscribeSchema(many=True)


class HardBounceSchema(serializers.Serializer):
    email = serializers.CharField()
    hard_bounced_at = serializers.DateTimeField()


class HardBouncesSchema(SuccessSchema):
    emails = HardBounceSchema(many=True)


class GroupStatusSchema(SuccessSchema):
    status = serializers.DictField(child=serializers.CharField())


class GroupSchema(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    channel = serializers.CharField()
    status = serializers.CharField(help_text="subscribed or unsubscribed")


class UserSchema(serializers.Serializer):
    external_id = serializers.CharField(required=False)
    email = serializers.CharField(required=False)
    phone = serializers.CharField(required=False)
    subscription_groups = GroupSchema(many=True)


class UserStatusSchema(SuccessSchema):
    users = UserSchema(many=True)
    total_count = serializers.IntegerField()
