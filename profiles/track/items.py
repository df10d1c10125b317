"""Reading the objects of a track call: of attributes, of an event, of a purchase.

Each is read whole or refused whole, with an ``InvalidAttribute`` that says what is wrong with it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone

from profiles.attributes import (
    NAME_LENGTH,
    InvalidAttribute,
    clean_name,
    clean_properties,
    is_storable,
    parse_time,
    refuse_many_copies,
)
from profiles.identity.who import Kind, Who, read_who
from profiles.models import IDENTIFIER_BYTES, EventKind
from profiles.standard import STANDARD, clean_standard
from profiles.track import currencies
from profiles.track.edits import Edit, clean_edit

MOST_AT_ONCE = 100
#: With its app id it stands in an index, which takes 2,704 bytes.
TOKEN_BYTES = 1024
LARGEST_PRICE = 10**9
#: Taken without complaint and kept nowhere, as Braze documents it of some.
IGNORED = frozenset({"external_id", "user_alias", "braze_id", "facebook", "twitter", "bio"})


@dataclass(slots=True)
class Attributes:
    """What is said of one person. ``creates`` tells whether an unknown profile is made.

    ``columns`` are of ``Profile``; ``first_session`` and ``last_session`` are moments at which
    the app ``app_id`` was used.
    """

    who: Who
    creates: bool
    columns: dict[str, Any] = field(default_factory=dict)
    edits: dict[str, Edit] = field(default_factory=dict)
    groups: dict[UUID, bool] = field(default_factory=dict)
    push_tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    first_session: datetime | None = None
    last_session: datetime | None = None
    app_id: str = ""


@dataclass(slots=True)
class Occurrence:
    """A custom event, or a purchase of ``quantity`` pieces at ``amount`` US dollars each."""

    who: Who
    creates: bool
    kind: EventKind
    name: str
    time: datetime
    app_id: str
    properties: dict[str, Any]
    amount: Decimal | None = None
    quantity: int = 1


def read_attributes(item: Any) -> list[Attributes]:
    """Read an attributes object: one person, but with ``push_token_import`` one for each token."""
    _insist_on_object(item)
    if _flag(item, "push_token_import"):
        return _imported_tokens(item)
    who = read_who(item)
    said = Attributes(who, _creates(item, who))
    _take_fields(said, item)
    return [said]


def read_event(item: Any) -> Occurrence:
    """Read an event object."""
    _insist_on_object(item)
    return _occurrence(item, EventKind.CUSTOM, _name(item, "name"))


def read_purchase(item: Any) -> Occurrence:
    """Read a purchase object. What was paid in another currency is kept among its properties."""
    _insist_on_object(item)
    name = _name(item, "product_id")
    currency, price, quantity = _currency(item), _price(item), _quantity(item)
    amount = currencies.in_dollars(price, currency)
    bought = _occurrence(item, EventKind.PURCHASE, name, amount=amount, quantity=quantity)
    if currency != "USD":
        bought.properties.update({"$currency": currency, "$price": item["price"]})
    refuse_many_copies(bought.properties, quantity)
    return bought


def _occurrence(
    item: dict[str, Any],
    kind: EventKind,
    name: str,
    amount: Decimal | None = None,
    quantity: int = 1,
) -> Occurrence:
    who = read_who(item)
    return Occurrence(
        who,
        _creates(item, who),
        kind,
        name,
        _moment("time", item.get("time")),
        _app(item),
        clean_properties(item.get("properties")),
        amount,
        quantity,
    )


def _take_fields(said: Attributes, item: dict[str, Any]) -> None:
    merge = _flag(item, "_merge_objects")
    for name, value in item.items():
        if name in STANDARD:
            column, cleaned = clean_standard(name, value)
            said.columns[column] = cleaned
        elif name in FIELDS:
            FIELDS[name](said, value)
        elif name not in IGNORED and not name.startswith("_"):
            said.edits[name] = clean_edit(name, value, merge=merge)


def _imported_tokens(item: dict[str, Any]) -> list[Attributes]:
    if item.get("external_id") is not None or item.get("braze_id") is not None:
        raise InvalidAttribute("'push_token_import' goes without 'external_id' and 'braze_id'")
    said = Attributes(Who(Kind.PUSH_TOKEN, None), creates=True)
    _take_fields(said, item)
    if not said.push_tokens:
        raise InvalidAttribute("'push_token_import' needs 'push_tokens'")
    if len(said.push_tokens) > MOST_AT_ONCE:
        raise InvalidAttribute(f"'push_tokens' may have at most {MOST_AT_ONCE} to import")
    refuse_many_copies({**item, "push_tokens": None}, len(said.push_tokens))
    return [
        Attributes(
            Who(Kind.PUSH_TOKEN, token),
            creates=True,
            columns=said.columns,
            edits=said.edits,
            groups=said.groups,
            push_tokens={token: device},
        )
        for token, device in said.push_tokens.items()
    ]


def _creates(item: dict[str, Any], who: Who) -> bool:
    """Tell whether ``who`` is made where it is unknown: of an alias only if it is asked for, and
    never of a Braze id, which no caller chooses.
    """
    update_only = _flag(item, "_update_existing_only", default=who.kind is Kind.ALIAS)
    return not update_only and who.kind is not Kind.BRAZE_ID


def _insist_on_object(item: Any) -> None:
    if not isinstance(item, dict):
        raise InvalidAttribute("must be an object")


def _flag(item: dict[str, Any], name: str, *, default: bool = False) -> bool:
    value = item.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise InvalidAttribute(f"'{name}' must be true or false")
    return value


def _text(item: dict[str, Any], name: str, length: int) -> str:
    value = item.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > length or not is_storable(value):
        raise InvalidAttribute(f"'{name}' must be a string of at most {length} characters")
    return value


def _app(item: dict[str, Any]) -> str:
    return _text(item, "app_id", NAME_LENGTH)


def _name(item: dict[str, Any], key: str) -> str:
    try:
        return clean_name(item.get(key))
    except InvalidAttribute:
        raise InvalidAttribute(
            f"'{key}' must be a string of 1 to {NAME_LENGTH} characters"
        ) from None


def _currency(item: dict[str, Any]) -> str:
    code = item.get("currency")
    if not isinstance(code, str) or code.upper() not in currencies.CODES:
        raise InvalidAttribute("'currency' must be an ISO 4217 code, such as USD")
    return code.upper()


def _price(item: dict[str, Any]) -> Decimal:
    price = item.get("price")
    if isinstance(price, bool) or not isinstance(price, int | float) or abs(price) > LARGEST_PRICE:
        raise InvalidAttribute("'price' must be a number")
    return Decimal(str(price))


def _quantity(item: dict[str, Any]) -> int:
    quantity = item.get("quantity", 1)
    if isinstance(quantity, bool) or not isinstance(quantity, int):
        raise InvalidAttribute("'quantity' must be a whole number")
    if not 1 <= quantity <= MOST_AT_ONCE:
        raise InvalidAttribute(f"'quantity' must be from 1 to {MOST_AT_ONCE}")
    return quantity


# The fields of an attributes object that are more than one column.


def _take_location(said: Attributes, value: Any) -> None:
    longitude, latitude = None, None
    if value is not None:
        if not isinstance(value, dict):
            raise InvalidAttribute("'current_location' must be an object")
        longitude, latitude = _degrees(value, "longitude", 180), _degrees(value, "latitude", 90)
    said.columns |= {"longitude": longitude, "latitude": latitude}


def _degrees(value: dict[str, Any], name: str, most: int) -> float:
    degrees = value.get(name)
    if isinstance(degrees, bool) or not isinstance(degrees, int | float) or abs(degrees) > most:
        raise InvalidAttribute(f"'current_location' needs a '{name}' from -{most} to {most}")
    return float(degrees)


def _take_first_session(said: Attributes, value: Any) -> None:
    said.first_session = _session("date_of_first_session", value)


def _take_last_session(said: Attributes, value: Any) -> None:
    said.last_session = _session("date_of_last_session", value)


def _session(name: str, value: Any) -> datetime | None:
    return None if value is None else min(_moment(name, value), timezone.now())


def _moment(name: str, value: Any) -> datetime:
    if moment := parse_time(value):
        return moment
    raise InvalidAttribute(f"'{name}' must be a time in ISO-8601, such as 2026-02-15T09:00:00Z")


def _take_app(said: Attributes, value: Any) -> None:
    said.app_id = _app({"app_id": value})


def _take_push_tokens(said: Attributes, value: Any) -> None:
    for token in _objects("push_tokens", value):
        app, text = _app(token), _text(token, "token", TOKEN_BYTES)
        if len(text.encode()) > TOKEN_BYTES:
            raise InvalidAttribute(f"'token' must have at most {TOKEN_BYTES} bytes")
        if not app or not text:
            raise InvalidAttribute("'push_tokens' needs an 'app_id' and a 'token' in each object")
        said.push_tokens[app, text] = _text(token, "device_id", IDENTIFIER_BYTES // 4)


def _take_groups(said: Attributes, value: Any) -> None:
    for group in _objects("subscription_groups", value):
        try:
            pk = UUID(group["subscription_group_id"])
            said.groups[pk] = SUBSCRIBED[group["subscription_state"]]
        except (ValueError, TypeError, AttributeError, KeyError):
            raise InvalidAttribute(
                "'subscription_groups' needs a 'subscription_group_id' and a "
                "'subscription_state', subscribed or unsubscribed, in each object"
            ) from None


def _objects(name: str, value: Any) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidAttribute(f"'{name}' must be an array of objects")
    return value


SUBSCRIBED = {"subscribed": True, "unsubscribed": False}
FIELDS: dict[str, Callable[[Attributes, Any], None]] = {
    "app_id": _take_app,
    "current_location": _take_location,
    "date_of_first_session": _take_first_session,
    "date_of_last_session": _take_last_session,
    "push_token_import": lambda said, value: None,
    "push_tokens": _take_push_tokens,
    "subscription_groups": _take_groups,
}
