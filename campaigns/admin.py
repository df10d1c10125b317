"""Campaigns and Canvases for operators."""

from django.contrib import admin

from campaigns.models import Campaign, Canvas
from workspaces.admin import Rooted


class TargetedAdmin(Rooted, admin.ModelAdmin):
    list_display = ["name", "workspace", "archived_at", "updated_at"]
    list_filter = ["workspace"]
    list_select_related = ["workspace"]
    search_fields = ["name"]
    raw_id_fields = ["workspace", "segments", "created_by", "updated_by"]
    readonly_fields = ["archived_at", "created_at", "updated_at"]


admin.site.register([Campaign, Canvas], TargetedAdmin)
