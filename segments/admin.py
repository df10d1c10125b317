"""The operator's page for segments."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from segments.models import Segment
from workspaces.admin import Rooted


@admin.register(Segment)
class SegmentAdmin(Rooted, admin.ModelAdmin):
    """The tree is read here and edited in the portal, where it is checked."""

    list_display = ("name", "workspace", "updated_at", "archived_at")
    list_select_related = ("workspace",)
    search_fields = ("name", "workspace__slug")
    raw_id_fields = ("workspace", "created_by", "updated_by")
    readonly_fields = ("tree", "nested", "archived_at", "created_at", "updated_at")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: other segments, campaigns and Canvases may name it. Archive it in the portal."""
        return False
