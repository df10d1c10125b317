"""What people do, and what becomes of their subscriptions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from currents.types.base import Properties, Uuid, always, prop, register


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
