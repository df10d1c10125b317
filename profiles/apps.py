from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class ProfilesConfig(AppConfig):
    name = "profiles"
    verbose_name = _("Profiles")

    def ready(self) -> None:
        # A room that knows something of people brings a part of a person's page.
        autodiscover_modules("person_panels")
        # A room that wants to know what changes about people has a listener.
        autodiscover_modules("people_listeners")
