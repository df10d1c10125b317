"""What a key may be allowed of the calls of this room."""

from django.utils.translation import gettext_lazy as _

from workspaces.permissions import register, register_area

register_area("segments", _("Segments"), place=20)
register("segments.list", "segments.details", "segments.data_series")
register_area("sessions", _("Sessions"), place=70)
register("sessions.data_series")
# Areas of the room below.
register("users.export.segment", "events.data_series")
