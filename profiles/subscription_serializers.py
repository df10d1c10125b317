"""What the calls about subscriptions take."""

from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from profiles.attributes import is_storable
from profiles.models import Subscription
from workspaces.rest_calls import SuccessSchema

MOST = 50
MOST_LISTED = 500
MOST_USERS = 100
STATES = {"subscribed": True, "unsubscribed": False}
BOTH = "Either an email address or a phone number should be provided, but not both."


@extend_schema_field(serializers.ListField(child=serializers.CharField()))
class TextsField(serializers.Field):
    """One string, or an array of up to ``MOST`` of them."""

    def to_internal_value(self, data: Any) -> list[str]:
        texts = data if isinstance(data, list) else [data]
        if not all(isinstance(text, str) and text and is_storable(text) for text in texts):
            self._refuse("must be a string, or an array of strings")
        if len(texts) > MOST:
            self._refuse(f"may have at most {MOST} values")
        return texts

    def _refuse(self, problem: str) -> None:
        raise serializers.ValidationError(f"`{self.field_name}` {problem}")


@extend_schema_field(OpenApiTypes.UUID)
class GroupIdField(serializers.Field):
    def to_internal_value(self, data: Any) -> UUID:
        try:
            return UUID(data)
        except (ValueError, AttributeError, TypeError):
            raise serializers.ValidationError(
                "`subscription_group_id` must be the id of a subscription group"
            ) from None


@extend_schema_field(OpenApiTypes.STR)
class StateField(serializers.Field):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, str) or data not in STATES:
            raise serializers.ValidationError(
                f"`subscription_state` must be one of {', '.join(STATES)}"
            )
        return STATES[data]


@extend_schema_field(OpenApiTypes.STR)
class EmailStateField(serializers.Field):
    def to_internal_value(self, data: Any) -> Subscription:
        if not isinstance(data, str) or data not in Subscription.values:
            raise serializers.ValidationError(
                f"`subscription_state` must be one of {', '.join(Subscription.values)}"
            )
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
    limit = serializers.IntegerField(min_value=1, max_value=MOST_USERS, default=MOST_USERS)
    offset = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)


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
        child=GroupChangeSerializer(), allow_empty=False, max_length=MOST
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
    email = serializers.CharField(required=False, max_length=320)
    limit = serializers.IntegerField(min_value=1, max_value=MOST_LISTED, default=100)
    offset = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    sort_direction = serializers.ChoiceField(choices=["asc", "desc"], default="desc")

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
