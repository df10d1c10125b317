from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from campaigns import channels
from lib.packages import import_modules


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = _("Campaigns")

    def ready(self) -> None:
        import_modules(channels)  # where each channel registers itself
