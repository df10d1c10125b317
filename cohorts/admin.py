"""The operator's pages for partners, their keys, cohorts and the sync ledger.

Keys are shown without digest and ciphertext. Data Import Keys are made and ended on the partner's
page in the portal, where that goes on record; here they are read.
"""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from cohorts import keys
from cohorts.models import Cohort, CohortImport, DataImportKey, Partner, PartnerApiKey
from workspaces.admin import InBytes, Rooted

#: Where a new secret waits in the request for the answer, which alone may hold it.
ISSUED = "portal.issued_secret"


class ReadOnly:
    """An admin page that changes nothing."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Kept:
    """An admin page that deletes nothing: segments and their bitmaps name these rows."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Partner)
class PartnerAdmin(Kept, admin.ModelAdmin):
    list_display = ("name", "slug", "position")
    search_fields = ("name", "slug")


@admin.register(PartnerApiKey)
class PartnerApiKeyAdmin(admin.ModelAdmin):
    """Adding one issues it, and shows its secret once, in the answer to the form."""

    list_display = ("partner", "created_at")
    list_filter = ("partner",)
    list_select_related = ("partner",)
    fields = ("partner", "created_at")
    readonly_fields = ("created_at",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: PartnerApiKey, form: ModelForm, change: bool
    ) -> None:
        key, secret = keys.issue_partner_key(obj.partner)
        obj.pk = key.pk
        request.META[ISSUED] = secret

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "partner": obj.partner,
            "secret": request.META[ISSUED],
        }
        response = render(request, "cohorts/partner_key_issued.html", context)
        add_never_cache_headers(response)
        return response


@admin.register(DataImportKey)
class DataImportKeyAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("name", "partner", "workspace", "created_at", "last_used_at", "invalidated_at")
    list_filter = ("partner",)
    list_select_related = ("partner", "workspace")
    search_fields = ("name", "workspace__slug")
    fields = (
        "name",
        "partner",
        "workspace",
        "created_by",
        "created_at",
        "last_used_at",
        "last_used_ip",
        "expires_at",
        "invalidated_at",
    )


@admin.register(Cohort)
class CohortAdmin(InBytes, Kept, Rooted, admin.ModelAdmin):
    in_bytes = ("cohort_id",)
    stays = ("workspace", "partner")
    list_display = ("name", "cohort_id", "partner", "workspace", "last_sync_at")
    list_filter = ("partner",)
    list_select_related = ("partner", "workspace")
    search_fields = ("name", "cohort_id", "workspace__slug")
    raw_id_fields = ("workspace",)


@admin.register(CohortImport)
class CohortImportAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "received_at",
        "partner",
        "workspace",
        "cohort_identifier",
        "call",
        "asked",
        "added",
        "removed",
        "outcome",
        "status",
        "repeated",
    )
    list_filter = ("partner", "outcome", "call")
    list_select_related = ("partner", "workspace")
    search_fields = ("cohort_identifier", "workspace__slug")
    show_full_result_count = False
