"""The operator's page for connectors."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from currents.models import Connector


@admin.register(Connector)
class ConnectorAdmin(admin.ModelAdmin):
    """Read here; changed in the portal, which keeps queues and record. No token is shown."""

    list_display = ("name", "workspace", "state", "url", "launched_at")
    list_select_related = ("workspace",)
    search_fields = ("name", "workspace__slug")
    exclude = ("sealed_token",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
