"""What this room puts on record."""

from django.utils.translation import gettext_noop as _
from django.utils.translation import pgettext_lazy

from workspaces.audit import register, register_details

register(_("User Import Started"), place=50)
register(
    _("Edited User"),
    _("Merged Users"),
    _("Deleted User"),
    _("Deleted Users"),
    _("Renamed External IDs"),
    _("Removed External IDs"),
    _("Added Subscription Group"),
    _("Edited Subscription Group"),
    place=70,
)
register_details(
    attributes=pgettext_lazy("a detail", "attributes"),
    merged=pgettext_lazy("a detail", "merged"),
    users=pgettext_lazy("a detail", "users"),
)
