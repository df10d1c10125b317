"""What this room puts on record."""

from django.utils.translation import gettext_noop as _

from workspaces.audit import register

register(
    _("Added Campaign"),
    _("Edited Campaign"),
    _("Archived Campaign"),
    _("Unarchived Campaign"),
    _("Added Canvas"),
    _("Edited Canvas"),
    _("Archived Canvas"),
    _("Unarchived Canvas"),
    place=80,
)
