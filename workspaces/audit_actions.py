"""What this room puts on record."""

from django.utils.translation import gettext_noop as _
from django.utils.translation import pgettext_lazy

from workspaces.audit import register, register_details

register(
    _("Added REST API key"),
    _("Revealed REST API key"),
    _("Removed REST API key"),
    place=20,
)
register(
    _("Invited Member"),
    _("Withdrew Invitation"),
    _("Accepted Invitation"),
    _("Added Member"),
    _("Created Sign-in Link"),
    _("Updated Account Permission"),
    _("Removed Member"),
    _("Updated Workspace"),
    place=100,
)
register_details(
    addresses=pgettext_lazy("a detail", "allowed addresses"),
    after=pgettext_lazy("a detail", "after"),
    before=pgettext_lazy("a detail", "before"),
    name=pgettext_lazy("a detail", "name"),
    permissions=pgettext_lazy("a detail", "permissions"),
    role=pgettext_lazy("a detail", "role"),
    step=pgettext_lazy("a detail", "step"),
    time_zone=pgettext_lazy("a detail", "time zone"),
)
