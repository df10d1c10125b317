"""The operator's pages for people."""

from django.contrib import admin

from profiles.models import Alias, CustomAttribute, Device, Profile


class Aliases(admin.TabularInline):
    model = Alias
    extra = 0
    raw_id_fields = ("workspace",)
    exclude = ("changed",)


class Devices(admin.TabularInline):
    model = Device
    extra = 0
    raw_id_fields = ("workspace",)
    exclude = ("changed",)


@admin.register(Profile)
class ProfileAdmin(admin.ModelAdmin):
    """Found by exact identifiers, which have an index: a workspace may hold millions."""

    list_display = ("__str__", "workspace", "email", "first_name", "last_name", "created_at")
    list_select_related = ("workspace",)
    search_fields = ("external_id__exact", "braze_id__exact")
    search_help_text = "External ID or Braze ID, in full"
    raw_id_fields = ("workspace",)
    exclude = ("changed", "random_bucket")
    readonly_fields = ("braze_id", "created_at")
    inlines = (Aliases, Devices)
    show_full_result_count = False


@admin.register(CustomAttribute)
class CustomAttributeAdmin(admin.ModelAdmin):
    list_display = ("name", "type", "workspace")
    list_filter = ("type",)
    list_select_related = ("workspace",)
    search_fields = ("name",)
    raw_id_fields = ("workspace",)
