from importlib import import_module
from pkgutil import iter_modules

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from campaigns import channels


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = _("Campaigns")

    def ready(self) -> None:
        # A channel registers itself.
        for module in iter_modules(channels.__path__, f"{channels.__name__}."):
            import_module(module.name)
