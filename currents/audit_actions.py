"""What this room puts on record."""

from django.utils.translation import gettext_noop as _
from django.utils.translation import pgettext_lazy

from workspaces.audit import register, register_details

register(
    _("Added Connector"),
    _("Edited Connector"),
    _("Launched Connector"),
    _("Paused Connector"),
    _("Resumed Connector"),
    _("Retried Connector"),
    _("Replayed Connector"),
    _("Sent Test Events"),
    _("Deleted Connector"),
    place=90,
)
register_details(
    connector_id=pgettext_lazy("a detail", "connector ID"),
    event_types=pgettext_lazy("a detail", "event types"),
    fields=pgettext_lazy("a detail", "fields"),
    since=pgettext_lazy("a detail", "since"),
    status=pgettext_lazy("a detail", "status"),
)
