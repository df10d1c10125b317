"""What Braze's custom HTTP connector sends, by event type: the fields of ``user`` and of
``properties``, each with its type. Taken down from its documentation, not from our catalogue.
"""

IDENTIFIERS = {"user_id": "hex24", "external_user_id": "string"}
DEVICE = {"device_id": "string"}
ZONE = {"timezone": "string"}

APP = {"app_id": "uuid", "app_group_id": "uuid"}
HARDWARE = {"platform": "string", "os_version": "string", "device_model": "string"}
ADVERTISING = {"ad_id": "uuid", "ad_id_type": "string", "ad_tracking_enabled": "boolean"}
CAMPAIGN = {
    "campaign_id": "uuid",
    "campaign_name": "string",
    "message_variation_id": "uuid",
    "message_variation_name": "string",
}
CANVAS = {
    "canvas_id": "uuid",
    "canvas_name": "string",
    "canvas_variation_id": "uuid",
    "canvas_variation_name": "string",
    "canvas_step_id": "uuid",
    "canvas_step_name": "string",
}
SUBSCRIPTION = {
    "subscription_status": "string",
    "channel": "string",
    "channel_identifier": "string",
    "state_change_source": "string",
    "email_address": "string",
    "send_id": "string",
}
SESSION = {"session_id": "uuid"}

SHAPES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "users.behaviors.CustomEvent": (
        IDENTIFIERS | DEVICE | ZONE,
        APP | HARDWARE | ADVERTISING | {"name": "string", "custom_properties": "object"},
    ),
    "users.behaviors.Purchase": (
        IDENTIFIERS | DEVICE,
        APP
        | HARDWARE
        | ADVERTISING
        | {
            "product_id": "string",
            "price": "number",
            "currency": "string",
            "purchase_properties": "object",
        },
    ),
    "users.behaviors.Location": (
        IDENTIFIERS | DEVICE,
        APP
        | HARDWARE
        | ADVERTISING
        | {
            "latitude": "number",
            "longitude": "number",
            "altitude": "number",
            "ll_accuracy": "number",
            "alt_accuracy": "number",
        },
    ),
    "users.behaviors.subscription.GlobalStateChange": (
        IDENTIFIERS | ZONE,
        APP | CAMPAIGN | CANVAS | SUBSCRIPTION,
    ),
    "users.behaviors.subscriptiongroup.StateChange": (
        IDENTIFIERS | DEVICE | ZONE,
        APP
        | CAMPAIGN
        | CANVAS
        | SUBSCRIPTION
        | {"subscription_group_id": "uuid", "phone_number": "string", "dispatch_id": "hex24"},
    ),
    "users.behaviors.app.FirstSession": (IDENTIFIERS | DEVICE | ZONE, APP | HARDWARE | SESSION),
    "users.behaviors.app.SessionStart": (IDENTIFIERS | DEVICE, APP | HARDWARE | SESSION),
    "users.behaviors.app.SessionEnd": (
        IDENTIFIERS | DEVICE,
        APP | HARDWARE | SESSION | {"duration": "number"},
    ),
}
