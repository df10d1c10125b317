"""What this room puts on record."""

from django.utils.translation import gettext_noop as _
from django.utils.translation import pgettext_lazy

from workspaces.audit import register, register_details

register(
    _("Generated Data Import Key"),
    _("Revealed Data Import Key"),
    _("Invalidated Data Import Key"),
    _("Kept Data Import Key"),
    place=10,
)
register(_("Cleared Cohort"), place=30)
register_details(
    cohort_id=pgettext_lazy("a detail", "cohort ID"),
    ends=pgettext_lazy("a detail", "ends"),
    members=pgettext_lazy("a detail", "members"),
    partner=pgettext_lazy("a detail", "partner"),
)
