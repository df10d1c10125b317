from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from currents import types
from lib.packages import import_modules


class CurrentsConfig(AppConfig):
    name = "currents"
    verbose_name = _("Currents")

    def ready(self) -> None:
        import_modules(types)  # where each type of event registers itself
