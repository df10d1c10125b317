"""What a track call may send, as the API describes it, and what it is turned into."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from profiles.attributes import InvalidAttribute, is_storable
from profiles.identity.who import Who
from profiles.standard import ATTRIBUTES, Attribute, Holds
from profiles.track.items import Attributes, Occurrence, read_attributes, read_event, read_purchase

NOTHING_VALID = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields."
TOO_MANY = "Max Input Length Exceeded"
#: Pieces that the purchases of one call may be, each of which is kept.
MOST_PIECES = 10_000
TOO_MANY_ABOUT_ONE = f"{TOO_MANY}: more than {{most}} objects are about one user"
#: What Braze says of an item, where its clients know the words.
KNOWN_WORDS = {
    "'email' must be an e-mail address": (
        "The value provided for the 'email' field is not a valid email."
    )
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """That the item at ``index`` of an array was not applied, and why."""

    type: str
    input_array: str
    index: int

    def as_json(self) -> dict[str, Any]:
        return {"type": self.type, "input_array": self.input_array, "index": self.index}


@dataclass(slots=True)
class TrackCall:
    """A call: the ``arrays`` that were sent, and what is read in them: the good items of each with
    their places in it, and the bad ones.
    """

    arrays: dict[str, list[Any]]
    most_about_one: int | None = None
    attributes: list[tuple[int, Attributes]] = field(default_factory=list)
    events: list[tuple[int, Occurrence]] = field(default_factory=list)
    purchases: list[tuple[int, Occurrence]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def tells_events(self) -> bool:
        """Whether there are events or purchases, good ones or bad."""
        return bool(self.arrays.get("events") or self.arrays.get("purchases"))

    def external_ids(self) -> list[str]:
        """Return the external ids that the items name, good ones and bad."""
        items = (item for items in self.arrays.values() for item in items if isinstance(item, dict))
        named = (item.get("external_id") for item in items)
        return [name for name in named if isinstance(name, str) and is_storable(name)]

    def read(self) -> None:
        """Read the items, anew where that was done before.

        Raises ``ValidationError`` where too many name one user in the same way.
        """
        self.refusals = []
        for name, items in self.arrays.items():
            good: list[Any] = []
            setattr(self, name, good)
            for index, item in enumerate(items):
                try:
                    good += [(index, said) for said in READERS[name](item)]
                except InvalidAttribute as error:
                    reason = KNOWN_WORDS.get(str(error), str(error))
                    self.refusals.append(Refusal(reason, name, index))
        self._refuse_pieces()
        if (most := self.most_about_one) and max(self._about_each().values(), default=0) > most:
            raise ValidationError(TOO_MANY_ABOUT_ONE.format(most=most))

    def occurrences(self) -> list[Occurrence]:
        """Return the good events, then the purchases, each as many times as pieces were bought."""
        items = (item for _index, item in (*self.events, *self.purchases))
        return [item for item in items for _ in range(item.quantity)]

    def refuse(self, reason: str, array: str, index: int) -> None:
        """Note that an item is not applied; one that imports several push tokens is noted once."""
        if all((known.input_array, known.index) != (array, index) for known in self.refusals):
            self.refusals.append(Refusal(reason, array, index))

    def processed(self) -> dict[str, int]:
        """Return how many items of each array were applied."""
        bad = [refusal.input_array for refusal in self.refusals]
        return {name: len(items) - bad.count(name) for name, items in self.arrays.items()}

    def _refuse_pieces(self) -> None:
        """Refuse the purchases with which the call would be more than ``MOST_PIECES``."""
        pieces, bought = 0, self.purchases
        self.purchases = []
        for index, item in bought:
            if pieces + item.quantity > MOST_PIECES:
                reason = f"a call may have at most {MOST_PIECES} pieces in all"
                self.refusals.append(Refusal(reason, "purchases", index))
            else:
                pieces += item.quantity
                self.purchases.append((index, item))

    def _about_each(self) -> Counter[Who]:
        """Count the items about each user."""
        said = (item.who for _index, item in self.attributes)
        return Counter(chain(said, (item.who for _index, item in (*self.events, *self.purchases))))


def open_call(
    body: Any, *, most: int, most_in_all: int, most_about_one: int | None = None
) -> TrackCall:
    """Return the call of a body: at most ``most`` items in an array and ``most_in_all`` together,
    and of these ``most_about_one`` that name one user in the same way.

    Raises ``ValidationError`` where nothing of it could be applied, whatever its items.
    """
    arrays = _arrays(body)
    sizes = [len(items) for items in arrays.values()]
    if max(sizes) > most or sum(sizes) > most_in_all:
        raise ValidationError(TOO_MANY)
    return TrackCall(arrays, most_about_one)


def _arrays(body: Any) -> dict[str, list[Any]]:
    sent = body if isinstance(body, dict) else {}
    arrays = {name: sent[name] for name in READERS if sent.get(name) is not None}
    for name, items in arrays.items():
        if not isinstance(items, list):
            raise ValidationError(f"'{name}' must be an array of objects")
    if not any(arrays.values()):
        raise ValidationError(NOTHING_VALID)
    return arrays


READERS: dict[str, Callable[[Any], list[Any]]] = {
    "attributes": read_attributes,
    "events": lambda item: [read_event(item)],
    "purchases": lambda item: [read_purchase(item)],
}


# The description


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
