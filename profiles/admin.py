"""The operator's pages for people."""

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext as _

from profiles.models import Alias, CustomAttribute, Device, Profile
from workspaces.admin import InBytes, Rooted


class InTheSameWorkspace(BaseInlineFormSet):
    """Rows that belong to the workspace of their person."""

    def clean(self) -> None:
        super().clean()
        for form in self.forms:
            workspace = getattr(form, "cleaned_data", {}).get("workspace")
            if workspace and workspace.pk != self.instance.workspace_id:
                raise ValidationError(_("This belongs to the workspace of its person."))


class Aliases(InBytes, admin.TabularInline):
    model = Alias
    in_bytes = ("label", "name")
    formset = InTheSameWorkspace
    extra = 0
    raw_id_fields = ("workspace",)
    exclude = ("changed",)


class Devices(InBytes, admin.TabularInline):
    model = Device
    in_bytes = ("device_id",)
    formset = InTheSameWorkspace
    extra = 0
    raw_id_fields = ("workspace",)
    exclude = ("changed",)


@admin.register(Profile)
class ProfileAdmin(InBytes, Rooted, admin.ModelAdmin):
    """Found by exact identifiers, which have an index: a workspace may hold millions."""

    in_bytes = ("external_id",)
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
class CustomAttributeAdmin(Rooted, admin.ModelAdmin):
    list_display = ("name", "type", "workspace")
    list_filter = ("type",)
    list_select_related = ("workspace",)
    search_fields = ("name",)
    raw_id_fields = ("workspace",)
