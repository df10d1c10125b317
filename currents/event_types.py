"""The catalogue: every type of event that can be streamed, one class each.

The fields of a class are the properties of its events, under the names and types of Braze's custom
HTTP connector. To add a type, add a class under ``register``: connectors then offer it, and
``manage.py event_catalogue`` writes it into ``docs/events.md``. A field's type never changes, a
new field is optional, and no field is taken away: receivers rely on that.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext_lazy as _

#: An identifier that is a UUID, as one or as text.
type Uuid = UUID | str


def prop(kind: str, meaning: str) -> Any:
    """A property that may be absent: its type in JSON, and what it means."""
    return field(default=None, metadata={"kind": kind, "meaning": meaning})


def always(kind: str, meaning: str) -> Any:
    """A property that every event of the type carries."""
    return field(metadata={"kind": kind, "meaning": meaning, "always": True})


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who did it: the ``user`` of an event."""

    user_id: str = always("hex24", "The `braze_id`")
    external_user_id: str | None = prop("string", "The external id, of an identified person")
    device_id: str | None = prop("string", "The device on which it happened")
    timezone: str | None = prop("string", "The person's IANA time zone")


@dataclass(frozen=True, kw_only=True)
class Properties:
    """What the events of every type carry beside their own. ``app_group_id``, the workspace,
    joins when an event is written.
    """

    event_type: ClassVar[str]
    label: ClassVar[Any]
    #: What tells of it, for ``docs/events.md``.
    source: ClassVar[str]
    #: Nothing does yet, so the type is only in the catalogue for what is to come.
    is_to_come: ClassVar[bool] = False
    #: The fields of ``Person`` that events of this type do not carry.
    not_of_person: ClassVar[frozenset[str]] = frozenset({"timezone"})

    app_id: Uuid | None = prop("uuid", "The app in which it happened")


@dataclass(frozen=True, kw_only=True)
class OnDevice(Properties):
    platform: str | None = prop("string", "`ios`, `android`, `kindle`, `web`, `tvos` or `roku`")
    os_version: str | None = prop("string", "The version of the operating system")
    device_model: str | None = prop("string", "The model of the device")


@dataclass(frozen=True, kw_only=True)
class WithAdvertisingId(OnDevice):
    ad_id: Uuid | None = prop("uuid", "The advertising identifier")
    ad_id_type: str | None = prop(
        "string", "`ios_idfa`, `google_ad_id`, `windows_ad_id` or `roku_ad_id`"
    )
    ad_tracking_enabled: bool | None = prop("boolean", "Whether tracking for ads is allowed")


#: Every type by its name, in the order of the pages.
CATALOGUE: dict[str, type[Properties]] = {}


def register[P: type[Properties]](event_type: str, label: Any) -> Callable[[P], P]:
    """Add a class to the catalogue as ``event_type``, called ``label`` on the pages."""

    def add(kind: P) -> P:
        kind.event_type, kind.label = event_type, label
        CATALOGUE[event_type] = kind
        return kind

    return add


@register("users.behaviors.CustomEvent", _("Custom event"))
@dataclass(frozen=True, kw_only=True)
class CustomEvent(WithAdvertisingId):
    """A program of the company, or an app, reported a custom event."""

    source = "`events` of `/users/track`"
    not_of_person = frozenset()

    name: str = always("string", "The custom event's name")
    custom_properties: Mapping[str, Any] | None = prop("object", "Its properties")


@register("users.behaviors.Purchase", _("Purchase"))
@dataclass(frozen=True, kw_only=True)
class Purchase(WithAdvertisingId):
    """Somebody bought a product."""

    source = "`purchases` of `/users/track`; a `quantity` of n is n events"

    product_id: str = always("string", "The product")
    price: float = always("number", "The price of one, in `currency`")
    currency: str = always("string", "ISO 4217 code")
    purchase_properties: Mapping[str, Any] | None = prop("object", "The purchase's properties")


@register("users.behaviors.Location", _("Location"))
@dataclass(frozen=True, kw_only=True)
class Location(WithAdvertisingId):
    """Somebody was at a place."""

    source = "the attribute `current_location` of `/users/track`"

    latitude: float = always("number", "Degrees")
    longitude: float = always("number", "Degrees")
    altitude: float | None = prop("number", "Metres")
    ll_accuracy: float | None = prop("number", "Accuracy of latitude and longitude, metres")
    alt_accuracy: float | None = prop("number", "Accuracy of the altitude, metres")


@dataclass(frozen=True, kw_only=True)
class StateChange(Properties):
    subscription_status: str = always("string", "`Subscribed`, `Unsubscribed` or `Opted In`")
    channel: str | None = prop("string", "The channel, such as `email` or `push`")
    channel_identifier: str | None = prop("string", "The person's address on that channel")
    state_change_source: str | None = prop("string", "What changed it, such as `REST API`")
    email_address: str | None = prop("string", "The person's e-mail address")
    campaign_id: Uuid | None = prop("uuid", "The campaign that led to it")
    campaign_name: str | None = prop("string", "The campaign's name")
    message_variation_id: Uuid | None = prop("uuid", "The campaign's variation")
    message_variation_name: str | None = prop("string", "That variation's name")
    canvas_id: Uuid | None = prop("uuid", "The Canvas that led to it")
    canvas_name: str | None = prop("string", "The Canvas's name")
    canvas_variation_id: Uuid | None = prop("uuid", "The Canvas's variation")
    canvas_variation_name: str | None = prop("string", "That variation's name")
    canvas_step_id: Uuid | None = prop("uuid", "The Canvas's step")
    canvas_step_name: str | None = prop("string", "That step's name")
    send_id: str | None = prop("string", "The send that led to it")


@register("users.behaviors.subscription.GlobalStateChange", _("Global subscription change"))
@dataclass(frozen=True, kw_only=True)
class GlobalStateChange(StateChange):
    """A person's subscription to e-mail or push was set, even to what it was before."""

    source = (
        "the attributes `email_subscribe` and `push_subscribe` of `/users/track`, these columns of "
        "a CSV import, `/email/status`, the person's page"
    )
    not_of_person = frozenset({"device_id"})


@register("users.behaviors.subscriptiongroup.StateChange", _("Subscription group change"))
@dataclass(frozen=True, kw_only=True)
class GroupStateChange(StateChange):
    """A person joined or left a subscription group."""

    source = (
        "`/subscription/status/set`, `/v2/subscription/status/set`, the attribute "
        "`subscription_groups` of `/users/track`, the person's page"
    )
    not_of_person = frozenset()

    subscription_group_id: Uuid = always("uuid", "The subscription group")
    phone_number: str | None = prop("string", "The person's phone number, E.164")
    dispatch_id: str | None = prop("hex24", "The dispatch that led to it")


@dataclass(frozen=True, kw_only=True)
class Session(OnDevice):
    session_id: Uuid | None = prop("uuid", "The session")


@register("users.behaviors.app.FirstSession", _("First session"))
@dataclass(frozen=True, kw_only=True)
class FirstSession(Session):
    """Somebody opened an app for the first time; a session start follows."""

    source = (
        "the attributes `date_of_first_session` and `date_of_last_session` of `/users/track`, of "
        "somebody who had no session before"
    )
    not_of_person = frozenset()


@register("users.behaviors.app.SessionStart", _("Session start"))
@dataclass(frozen=True, kw_only=True)
class SessionStart(Session):
    """Somebody opened an app."""

    source = "the attributes `date_of_first_session` and `date_of_last_session` of `/users/track`"


@register("users.behaviors.app.SessionEnd", _("Session end"))
@dataclass(frozen=True, kw_only=True)
class SessionEnd(Session):
    """Somebody left an app."""

    source = (
        "none yet, since no call reports when a session ends. A connector may ask for the type, "
        "and its test events show it, so that a receiver is ready"
    )
    is_to_come = True

    duration: float | None = prop("number", "How long the session was, seconds")


@dataclass(frozen=True)
class Described:
    """A field of an event, for documentation and forms."""

    name: str
    kind: str
    meaning: str
    always: bool


def person_fields(kind: type[Properties]) -> Iterator[Described]:
    """Give the fields of ``user`` in events of ``kind``."""
    return (each for each in _described(Person) if each.name not in kind.not_of_person)


def property_fields(kind: type[Properties]) -> Iterator[Described]:
    """Give the fields of ``properties`` in events of ``kind``."""
    own, shared = _described(kind), _described(Properties)
    inherited = list(shared)
    yield from (each for each in own if each not in inherited)
    yield from inherited
    yield Described("app_group_id", "uuid", "The workspace", True)


def label_of(event_type: str) -> str:
    """Return what the pages call ``event_type``: its name, where the catalogue has it no longer."""
    return str(CATALOGUE[event_type].label) if event_type in CATALOGUE else event_type


def text_fields() -> list[str]:
    """Return the names of all fields of the catalogue that hold text, in alphabetical order."""
    kinds = CATALOGUE.values()
    described = (e for kind in kinds for e in (*person_fields(kind), *property_fields(kind)))
    return sorted({each.name for each in described if each.kind == "string"})


def _described(kind: type[Any]) -> Iterator[Described]:
    for each in fields(kind):
        about = each.metadata
        yield Described(each.name, about["kind"], about["meaning"], "always" in about)
