"""The table of contents: every address of the portal."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularSwaggerSplitView

from braze_portal.api_schema import ApiSchema
from braze_portal.health import healthz, readyz
from braze_portal.shell import appearance
from braze_portal.views import home, overview
from campaigns.api import (
    CampaignDetails,
    CampaignList,
    CampaignSeries,
    CanvasDetails,
    CanvasList,
    CanvasSeries,
)
from campaigns.views import (
    campaign_archive,
    campaign_audience,
    campaign_detail,
    campaign_edit,
    campaign_list,
    canvas_archive,
    canvas_audience,
    canvas_detail,
    canvas_edit,
    canvas_list,
)
from cohorts.api import CohortName, CohortUsers
from cohorts.views import (
    cohort_clear,
    cohort_detail,
    cohort_list,
    import_detail,
    import_unmatched,
    key_generate,
    key_invalidate,
    key_reveal,
    ledger_days,
    partner_detail,
    partner_list,
)
from currents.views import connector_detail, connector_edit, connector_list
from profiles.analytics.api import (
    CustomAttributes,
    DailyActive,
    EventList,
    MonthlyActive,
    NewUsers,
    ProductList,
    PurchaseQuantity,
    Revenue,
)
from profiles.csv_import.views import (
    csv_import_columns,
    csv_import_detail,
    csv_import_list,
    csv_import_new,
    csv_import_rejected,
)
from profiles.export.api import ExportIds
from profiles.identity.api import (
    AliasUpdates,
    Delete,
    Identify,
    Merge,
    NewAliases,
    RemoveExternalIds,
    RenameExternalIds,
)
from profiles.person.search_view import user_search
from profiles.person.views import person_delete, person_detail, person_edit, person_merge
from profiles.subscriptions.api import (
    GroupStatus,
    HardBounces,
    SetEmailStatus,
    SetGroupStatus,
    SetGroupStatuses,
    Unsubscribes,
    UserStatus,
)
from profiles.subscriptions.views import group_edit, group_list
from profiles.track.api import Track, TrackBulk
from rest.errors import bad_request, not_found, server_error
from segments.api import SegmentDetails, SegmentList, SegmentSeries
from segments.event_series_api import EventSeries, SessionSeries
from segments.exports.api import ExportSegment, download
from segments.exports.views import export_detail, export_download, segment_export
from segments.lists.views import (
    segment_freeze,
    user_list_delete,
    user_list_detail,
    user_list_list,
    user_list_new,
)
from segments.member_views import segment_members
from segments.sizes.overlap_views import segment_overlap
from segments.version_views import segment_history, segment_restore
from segments.views import (
    segment_archive,
    segment_detail,
    segment_duplicate,
    segment_edit,
    segment_list,
)
from workspaces.api_keys.views import api_key_delete, api_key_detail, api_key_list, api_key_new
from workspaces.invitation_views import invitation, team_invitation
from workspaces.views import (
    PasswordChange,
    SignIn,
    SignOut,
    audit_log,
    limits,
    team,
    team_member,
    workspace_settings,
)

settings_pages = [
    path("workspace/", workspace_settings, name="workspace-settings"),
    path("team/", team, name="team"),
    path("team/<int:pk>/", team_member, name="team-member"),
    path("team/invitations/<int:pk>/", team_invitation, name="team-invitation"),
    path("api-keys/", api_key_list, name="api-key-list"),
    path("api-keys/new/", api_key_new, name="api-key-new"),
    path("api-keys/<int:pk>/", api_key_detail, name="api-key"),
    path("api-keys/<int:pk>/delete/", api_key_delete, name="api-key-delete"),
    path("limits/", limits, name="limits"),
    path("audit/", audit_log, name="audit-log"),
]

partner_pages = [
    path("", partner_list, name="partner-list"),
    path("<slug:partner>/", partner_detail, name="partner"),
    path("<slug:partner>/keys/new/", key_generate, name="key-generate"),
    path("<slug:partner>/keys/<int:key>/reveal/", key_reveal, name="key-reveal"),
    path(
        "<slug:partner>/keys/<int:key>/invalidate/",
        key_invalidate,
        name="key-invalidate",
    ),
    path("<slug:partner>/imports/<int:pk>/", import_detail, name="cohort-import"),
    path(
        "<slug:partner>/imports/<int:pk>/unmatched.csv",
        import_unmatched,
        name="cohort-import-unmatched",
    ),
    path("<slug:partner>/days/", ledger_days, name="ledger-days"),
    path("<slug:partner>/cohorts/", cohort_list, name="cohort-list"),
    path("<slug:partner>/cohorts/<int:pk>/", cohort_detail, name="cohort"),
    path("<slug:partner>/cohorts/<int:pk>/clear/", cohort_clear, name="cohort-clear"),
]

currents_pages = [
    path("", connector_list, name="connector-list"),
    path("new/", connector_edit, name="connector-new"),
    path("<uuid:pk>/", connector_detail, name="connector"),
    path("<uuid:pk>/edit/", connector_edit, name="connector-edit"),
]

segment_pages = [
    path("", segment_list, name="segment-list"),
    path("new/", segment_edit, name="segment-new"),
    path("overlap/", segment_overlap, name="segment-overlap"),
    path("lists/", user_list_list, name="user-list-list"),
    path("lists/new/", user_list_new, name="user-list-new"),
    path("lists/<uuid:pk>/", user_list_detail, name="user-list"),
    path("lists/<uuid:pk>/delete/", user_list_delete, name="user-list-delete"),
    path("exports/<uuid:pk>/", export_detail, name="segment-export-detail"),
    path("exports/<uuid:pk>/users.csv", export_download, name="segment-export-download"),
    path("<uuid:pk>/", segment_detail, name="segment"),
    path("<uuid:pk>/edit/", segment_edit, name="segment-edit"),
    path("<uuid:pk>/duplicate/", segment_duplicate, name="segment-duplicate"),
    path("<uuid:pk>/archive/", segment_archive, name="segment-archive"),
    path("<uuid:pk>/freeze/", segment_freeze, name="segment-freeze"),
    path("<uuid:pk>/users/", segment_members, name="segment-members"),
    path("<uuid:pk>/export/", segment_export, name="segment-export"),
    path("<uuid:pk>/history/", segment_history, name="segment-history"),
    path(
        "<uuid:pk>/history/<int:version>/restore/",
        segment_restore,
        name="segment-restore",
    ),
]

import_pages = [
    path("", csv_import_list, name="csv-import-list"),
    path("new/", csv_import_new, name="csv-import-new"),
    path("<uuid:pk>/", csv_import_detail, name="csv-import"),
    path("<uuid:pk>/columns/", csv_import_columns, name="csv-import-columns"),
    path("<uuid:pk>/rejected.csv", csv_import_rejected, name="csv-import-rejected"),
]

user_pages: list[URLPattern | URLResolver] = [
    path("", user_search, name="user-search"),
    path("import/", include(import_pages)),
    path("<slug:braze_id>/", person_detail, name="person"),
    path("<slug:braze_id>/edit/", person_edit, name="person-edit"),
    path("<slug:braze_id>/merge/", person_merge, name="person-merge"),
    path("<slug:braze_id>/delete/", person_delete, name="person-delete"),
]

group_pages = [
    path("", group_list, name="group-list"),
    path("new/", group_edit, name="group-new"),
    path("<uuid:pk>/", group_edit, name="group-edit"),
]

campaign_pages = [
    path("", campaign_list, name="campaign-list"),
    path("new/", campaign_edit, name="campaign-new"),
    path("<uuid:pk>/", campaign_detail, name="campaign"),
    path("<uuid:pk>/edit/", campaign_edit, name="campaign-edit"),
    path("<uuid:pk>/audience/", campaign_audience, name="campaign-audience"),
    path("<uuid:pk>/archive/", campaign_archive, name="campaign-archive"),
]

canvas_pages = [
    path("", canvas_list, name="canvas-list"),
    path("new/", canvas_edit, name="canvas-new"),
    path("<uuid:pk>/", canvas_detail, name="canvas"),
    path("<uuid:pk>/edit/", canvas_edit, name="canvas-edit"),
    path("<uuid:pk>/audience/", canvas_audience, name="canvas-audience"),
    path("<uuid:pk>/archive/", canvas_archive, name="canvas-archive"),
]

workspace_pages: list[URLPattern | URLResolver] = [
    path("", overview, name="workspace"),
    path("segments/", include(segment_pages)),
    path("campaigns/", include(campaign_pages)),
    path("canvas/", include(canvas_pages)),
    path("users/", include(user_pages)),
    path("subscription-groups/", include(group_pages)),
    path("partners/", include(partner_pages)),
    path("currents/", include(currents_pages)),
    path("settings/", include(settings_pages)),
]

account_pages = [
    path("sign-in/", SignIn.as_view(), name="sign-in"),
    path("sign-out/", SignOut.as_view(), name="sign-out"),
    path("account/invitation/<str:token>/", invitation, name="invitation"),
    path("account/password/", PasswordChange.as_view(), name="password-change"),
    path("account/appearance/", appearance, name="appearance"),
    path("account/language/", include("django.conf.urls.i18n")),
]

# Its script apart from its page, and no style in it, for the sake of the security policy.
api_docs = SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="api_docs.html")

rest_api = [
    path("partners/<slug:partner>/cohorts", CohortName.as_view()),
    path("partners/<slug:partner>/cohorts/users", CohortUsers.as_view()),
    path("users/identify", Identify.as_view()),
    path("users/alias/new", NewAliases.as_view()),
    path("users/alias/update", AliasUpdates.as_view()),
    path("users/merge", Merge.as_view()),
    path("users/delete", Delete.as_view()),
    path("users/external_ids/rename", RenameExternalIds.as_view()),
    path("users/external_ids/remove", RemoveExternalIds.as_view()),
    path("users/export/ids", ExportIds.as_view()),
    path("users/export/segment", ExportSegment.as_view()),
    path("users/export/files/<str:token>", download, name="user-export-file"),
    path("segments/list", SegmentList.as_view()),
    path("segments/details", SegmentDetails.as_view()),
    path("segments/data_series", SegmentSeries.as_view()),
    path("campaigns/list", CampaignList.as_view()),
    path("campaigns/details", CampaignDetails.as_view()),
    path("campaigns/data_series", CampaignSeries.as_view()),
    path("canvas/list", CanvasList.as_view()),
    path("canvas/details", CanvasDetails.as_view()),
    path("canvas/data_series", CanvasSeries.as_view()),
    path("email/status", SetEmailStatus.as_view()),
    path("email/unsubscribes", Unsubscribes.as_view()),
    path("email/hard_bounces", HardBounces.as_view()),
    path("subscription/status/get", GroupStatus.as_view()),
    path("subscription/status/set", SetGroupStatus.as_view()),
    path("subscription/user/status", UserStatus.as_view()),
    path("v2/subscription/status/set", SetGroupStatuses.as_view()),
    path("events/list", EventList.as_view()),
    path("events/data_series", EventSeries.as_view()),
    path("purchases/product_list", ProductList.as_view()),
    path("purchases/quantity_series", PurchaseQuantity.as_view()),
    path("purchases/revenue_series", Revenue.as_view()),
    path("sessions/data_series", SessionSeries.as_view()),
    path("kpi/new_users/data_series", NewUsers.as_view()),
    path("kpi/dau/data_series", DailyActive.as_view()),
    path("kpi/mau/data_series", MonthlyActive.as_view()),
    path("custom_attributes", CustomAttributes.as_view()),
    path("users/track", Track.as_view()),
    path("users/track/bulk", TrackBulk.as_view()),
    path("api/schema/", ApiSchema.as_view(), name="schema"),
    path("api/docs/", api_docs, name="api-docs"),
]

urlpatterns = [
    path("", home, name="home"),
    path("w/<slug:workspace>/", include(workspace_pages)),
    *account_pages,
    *rest_api,
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("admin/", admin.site.urls),
]

handler400 = bad_request
handler404 = not_found
handler500 = server_error
