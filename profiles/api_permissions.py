"""What a key may be allowed of the calls of this room."""

from django.utils.translation import gettext_lazy as _

from workspaces.permissions import register, register_area

register_area("users", _("Users"), place=10)
register(
    "users.track",
    "users.track.bulk",
    "users.identify",
    "users.alias.new",
    "users.alias.update",
    "users.merge",
    "users.delete",
    "users.external_ids.rename",
    "users.external_ids.remove",
    "users.export.ids",
)
register_area("events", _("Custom events"), place=50)
register("events.list")
register_area("purchases", _("Purchases"), place=60)
register("purchases.product_list", "purchases.quantity_series", "purchases.revenue_series")
register_area("kpi", _("Key figures"), place=80)
register("kpi.new_users.data_series", "kpi.dau.data_series", "kpi.mau.data_series")
register_area("email", _("Email"), place=90)
register("email.status", "email.unsubscribe", "email.hard_bounces")
register_area("custom_attributes", _("Custom attributes"), place=100)
register("custom_attributes.get")
register_area("subscription", _("Subscription groups"), place=110)
register("subscription.status.get", "subscription.status.set", "subscription.groups.get")
