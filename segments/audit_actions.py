"""What this room puts on record."""

from django.utils.translation import gettext_noop as _
from django.utils.translation import pgettext_lazy

from workspaces.audit import register, register_details

register(
    _("Added Segment"),
    _("Edited Segment"),
    _("Archived Segment"),
    _("Unarchived Segment"),
    _("Exported Users"),
    place=40,
)
register(_("Added User List"), _("Deleted User List"), place=60)
register_details(
    columns=pgettext_lazy("a detail", "columns"),
    copied_from=pgettext_lazy("a detail", "copied from"),
    members=pgettext_lazy("a detail", "members"),
)
