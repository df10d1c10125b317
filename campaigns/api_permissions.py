"""What a key may be allowed of the calls of this room."""

from django.utils.translation import gettext_lazy as _

from workspaces.permissions import register, register_area

register_area("campaigns", _("Campaigns"), place=30)
register("campaigns.list", "campaigns.details", "campaigns.data_series")
register_area("canvas", _("Canvas"), place=40)
register("canvas.list", "canvas.details", "canvas.data_series")
