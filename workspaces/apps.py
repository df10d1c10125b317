from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class WorkspacesConfig(AppConfig):
    name = "workspaces"
    verbose_name = _("Workspaces")

    def ready(self) -> None:
        # Each room says what it puts on record, and what a key may be allowed of its calls.
        autodiscover_modules("audit_actions", "api_permissions")
