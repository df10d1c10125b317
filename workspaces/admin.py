"""The operator's pages for users, workspaces and the record of what happened."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from workspaces.models import AuditEntry, Member, User, Workspace
from workspaces.opening import close_workspace

# What a member may do is decided by their role in a workspace, never by Django's groups.
admin.site.unregister(Group)
admin.site.site_header = admin.site.site_title = _("Braze Portal: operator pages")


class Rooted:
    """An admin page of objects that stay where they were made: what they belong to is read-only.

    In another workspace they would show its data to strangers, and bitmaps would go on as before.
    """

    stays: ClassVar[tuple[str, ...]] = ("workspace",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        known = tuple(super().get_readonly_fields(request, obj))  # type: ignore[misc]
        return (*known, *self.stays) if obj else known


class InBytes:
    """An admin page of fields whose length is a number of bytes: an index takes no more."""

    in_bytes: ClassVar[tuple[str, ...]] = ()

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field and db_field.name in self.in_bytes:
            field.validators.append(_AtMostBytes(db_field.max_length))
        return field


class _AtMostBytes(MaxLengthValidator):
    message = _("This has more than %(limit_value)d bytes.")

    def clean(self, text: Any) -> int:
        return len(text.encode())


class UserEditForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"  # noqa: DJ007  the page below names them
        field_classes: dict[str, type[forms.Field]] = {}


class UserAddForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email",)
        field_classes: dict[str, type[forms.Field]] = {}


class UserMemberships(admin.TabularInline):
    model = Member
    extra = 0
    autocomplete_fields = ("workspace",)


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    form = UserEditForm
    add_form = UserAddForm
    list_display = ("email", "first_name", "last_name", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    inlines = (UserMemberships,)
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name")}),
        (_("Operator"), {"fields": ("is_active", "is_staff", "is_superuser", "user_permissions")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ("user_permissions",)
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "usable_password", "password1", "password2"),
            },
        ),
    )


class WorkspaceMembers(admin.TabularInline):
    model = Member
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(Workspace)
class WorkspaceAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "time_zone", "created_at", "deleting_since")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}  # noqa: RUF012  as Django spells it
    readonly_fields = ("uid", "created_at", "deleting_since")
    inlines = (WorkspaceMembers,)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, ...]:
        """Name the workspaces alone: all that goes with them may be millions of rows."""
        return [str(workspace) for workspace in objs], {}, set(), []

    def delete_model(self, request: HttpRequest, obj: Workspace) -> None:
        close_workspace(obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for workspace in queryset:
            close_workspace(workspace)


@admin.register(Member)
class MemberAdmin(admin.ModelAdmin):
    list_display = ("user", "workspace", "role")
    list_filter = ("role",)
    list_select_related = ("user", "workspace")
    search_fields = ("user__email", "workspace__name", "workspace__slug")
    autocomplete_fields = ("user", "workspace")


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin):
    """Read only: a record that can be edited records nothing."""

    list_display = ("at", "workspace", "actor_email", "action", "subject")
    list_filter = ("action",)
    list_select_related = ("workspace",)
    search_fields = ("actor_email", "subject")
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
