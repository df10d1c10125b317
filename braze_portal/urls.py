"""The table of contents: every address of the portal."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from braze_portal import health, shell, views
from campaigns import api as campaign_api
from campaigns import views as campaigns
from cohorts import api as partner_api
from cohorts import views as partners
from currents import views as currents
from profiles.analytics import api as analytics
from profiles.csv_import import views as imports
from profiles.export import api as people_exports
from profiles.identity import api as identities
from profiles.person import search_view as people
from profiles.person import views as persons
from profiles.subscriptions import api as subscriptions
from profiles.subscriptions import views as groups
from profiles.track import api as users_api
from rest import errors as rest
from segments import api as segment_api
from segments import member_views
from segments import series_api as segment_series
from segments import version_views as history
from segments import views as segments
from segments.exports import api as user_exports
from segments.exports import views as exports
from segments.lists import views as lists
from segments.sizes import overlap_views
from workspaces import key_views as api_keys
from workspaces import views as workspaces

settings_pages = [
    path("workspace/", workspaces.workspace_settings, name="workspace-settings"),
    path("team/", workspaces.team, name="team"),
    path("team/<int:pk>/", workspaces.team_member, name="team-member"),
    path("api-keys/", api_keys.api_key_list, name="api-key-list"),
    path("api-keys/new/", api_keys.api_key_new, name="api-key-new"),
    path("api-keys/<int:pk>/", api_keys.api_key_detail, name="api-key"),
    path("api-keys/<int:pk>/delete/", api_keys.api_key_delete, name="api-key-delete"),
    path("audit/", workspaces.audit_log, name="audit-log"),
]

partner_pages = [
    path("", partners.partner_list, name="partner-list"),
    path("<slug:partner>/", partners.partner_detail, name="partner"),
    path("<slug:partner>/keys/new/", partners.key_generate, name="key-generate"),
    path("<slug:partner>/keys/<int:key>/reveal/", partners.key_reveal, name="key-reveal"),
    path(
        "<slug:partner>/keys/<int:key>/invalidate/",
        partners.key_invalidate,
        name="key-invalidate",
    ),
    path("<slug:partner>/imports/<int:pk>/", partners.import_detail, name="cohort-import"),
    path(
        "<slug:partner>/imports/<int:pk>/unmatched.csv",
        partners.import_unmatched,
        name="cohort-import-unmatched",
    ),
    path("<slug:partner>/cohorts/", partners.cohort_list, name="cohort-list"),
    path("<slug:partner>/cohorts/<int:pk>/", partners.cohort_detail, name="cohort"),
    path("<slug:partner>/cohorts/<int:pk>/clear/", partners.cohort_clear, name="cohort-clear"),
]

currents_pages = [
    path("", currents.connector_list, name="connector-list"),
    path("new/", currents.connector_edit, name="connector-new"),
    path("<uuid:pk>/", currents.connector_detail, name="connector"),
    path("<uuid:pk>/edit/", currents.connector_edit, name="connector-edit"),
]

segment_pages = [
    path("", segments.segment_list, name="segment-list"),
    path("new/", segments.segment_edit, name="segment-new"),
    path("overlap/", overlap_views.segment_overlap, name="segment-overlap"),
    path("lists/", lists.user_list_list, name="user-list-list"),
    path("lists/new/", lists.user_list_new, name="user-list-new"),
    path("lists/<uuid:pk>/", lists.user_list_detail, name="user-list"),
    path("lists/<uuid:pk>/delete/", lists.user_list_delete, name="user-list-delete"),
    path("exports/<uuid:pk>/", exports.export_detail, name="segment-export-detail"),
    path("exports/<uuid:pk>/users.csv", exports.export_download, name="segment-export-download"),
    path("<uuid:pk>/", segments.segment_detail, name="segment"),
    path("<uuid:pk>/edit/", segments.segment_edit, name="segment-edit"),
    path("<uuid:pk>/duplicate/", segments.segment_duplicate, name="segment-duplicate"),
    path("<uuid:pk>/archive/", segments.segment_archive, name="segment-archive"),
    path("<uuid:pk>/freeze/", lists.segment_freeze, name="segment-freeze"),
    path("<uuid:pk>/users/", member_views.segment_members, name="segment-members"),
    path("<uuid:pk>/export/", exports.segment_export, name="segment-export"),
    path("<uuid:pk>/history/", history.segment_history, name="segment-history"),
    path(
        "<uuid:pk>/history/<int:version>/restore/",
        history.segment_restore,
        name="segment-restore",
    ),
]

import_pages = [
    path("", imports.csv_import_list, name="csv-import-list"),
    path("new/", imports.csv_import_new, name="csv-import-new"),
    path("<uuid:pk>/", imports.csv_import_detail, name="csv-import"),
    path("<uuid:pk>/columns/", imports.csv_import_columns, name="csv-import-columns"),
    path("<uuid:pk>/rejected.csv", imports.csv_import_rejected, name="csv-import-rejected"),
]

user_pages: list[URLPattern | URLResolver] = [
    path("", people.user_search, name="user-search"),
    path("import/", include(import_pages)),
    path("<slug:braze_id>/", persons.person_detail, name="person"),
    path("<slug:braze_id>/edit/", persons.person_edit, name="person-edit"),
    path("<slug:braze_id>/merge/", persons.person_merge, name="person-merge"),
    path("<slug:braze_id>/delete/", persons.person_delete, name="person-delete"),
]

group_pages = [
    path("", groups.group_list, name="group-list"),
    path("new/", groups.group_edit, name="group-new"),
    path("<uuid:pk>/", groups.group_edit, name="group-edit"),
]

campaign_pages = [
    path("", campaigns.campaign_list, name="campaign-list"),
    path("new/", campaigns.campaign_edit, name="campaign-new"),
    path("<uuid:pk>/", campaigns.campaign_detail, name="campaign"),
    path("<uuid:pk>/edit/", campaigns.campaign_edit, name="campaign-edit"),
    path("<uuid:pk>/audience/", campaigns.campaign_audience, name="campaign-audience"),
    path("<uuid:pk>/archive/", campaigns.campaign_archive, name="campaign-archive"),
]

canvas_pages = [
    path("", campaigns.canvas_list, name="canvas-list"),
    path("new/", campaigns.canvas_edit, name="canvas-new"),
    path("<uuid:pk>/", campaigns.canvas_detail, name="canvas"),
    path("<uuid:pk>/edit/", campaigns.canvas_edit, name="canvas-edit"),
    path("<uuid:pk>/audience/", campaigns.canvas_audience, name="canvas-audience"),
    path("<uuid:pk>/archive/", campaigns.canvas_archive, name="canvas-archive"),
]

workspace_pages: list[URLPattern | URLResolver] = [
    path("", views.overview, name="workspace"),
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
    path("sign-in/", workspaces.SignIn.as_view(), name="sign-in"),
    path("sign-out/", workspaces.SignOut.as_view(), name="sign-out"),
    path("account/welcome/<uidb64>/<token>/", workspaces.Welcome.as_view(), name="welcome"),
    path("account/password/", workspaces.PasswordChange.as_view(), name="password-change"),
    path("account/appearance/", shell.appearance, name="appearance"),
    path("account/language/", include("django.conf.urls.i18n")),
]

# Its script apart from its page, and no style in it, for the sake of the security policy.
api_docs = SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="api_docs.html")

rest_api = [
    path("partners/<slug:partner>/cohorts", partner_api.CohortName.as_view()),
    path("partners/<slug:partner>/cohorts/users", partner_api.CohortUsers.as_view()),
    path("users/identify", identities.Identify.as_view()),
    path("users/alias/new", identities.NewAliases.as_view()),
    path("users/alias/update", identities.AliasUpdates.as_view()),
    path("users/merge", identities.Merge.as_view()),
    path("users/delete", identities.Delete.as_view()),
    path("users/external_ids/rename", identities.RenameExternalIds.as_view()),
    path("users/external_ids/remove", identities.RemoveExternalIds.as_view()),
    path("users/export/ids", people_exports.ExportIds.as_view()),
    path("users/export/segment", user_exports.ExportSegment.as_view()),
    path("users/export/files/<str:token>", user_exports.download, name="user-export-file"),
    path("segments/list", segment_api.SegmentList.as_view()),
    path("segments/details", segment_api.SegmentDetails.as_view()),
    path("segments/data_series", segment_api.SegmentSeries.as_view()),
    path("campaigns/list", campaign_api.CampaignList.as_view()),
    path("campaigns/details", campaign_api.CampaignDetails.as_view()),
    path("campaigns/data_series", campaign_api.CampaignSeries.as_view()),
    path("canvas/list", campaign_api.CanvasList.as_view()),
    path("canvas/details", campaign_api.CanvasDetails.as_view()),
    path("canvas/data_series", campaign_api.CanvasSeries.as_view()),
    path("email/status", subscriptions.SetEmailStatus.as_view()),
    path("email/unsubscribes", subscriptions.Unsubscribes.as_view()),
    path("email/hard_bounces", subscriptions.HardBounces.as_view()),
    path("subscription/status/get", subscriptions.GroupStatus.as_view()),
    path("subscription/status/set", subscriptions.SetGroupStatus.as_view()),
    path("subscription/user/status", subscriptions.UserStatus.as_view()),
    path("v2/subscription/status/set", subscriptions.SetGroupStatuses.as_view()),
    path("events/list", analytics.EventList.as_view()),
    path("events/data_series", segment_series.EventSeries.as_view()),
    path("purchases/product_list", analytics.ProductList.as_view()),
    path("purchases/quantity_series", analytics.PurchaseQuantity.as_view()),
    path("purchases/revenue_series", analytics.Revenue.as_view()),
    path("sessions/data_series", segment_series.SessionSeries.as_view()),
    path("kpi/new_users/data_series", analytics.NewUsers.as_view()),
    path("kpi/dau/data_series", analytics.DailyActive.as_view()),
    path("kpi/mau/data_series", analytics.MonthlyActive.as_view()),
    path("custom_attributes", analytics.CustomAttributes.as_view()),
    path("users/track", users_api.Track.as_view()),
    path("users/track/bulk", users_api.TrackBulk.as_view()),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", api_docs, name="api-docs"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("w/<slug:workspace>/", include(workspace_pages)),
    *account_pages,
    *rest_api,
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
]

handler404 = rest.not_found
handler500 = rest.server_error
