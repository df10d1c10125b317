"""Exporting the people of a segment."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from segments.access import segment_of
from segments.exports.csv_file import DOWNLOADED, may_download, request_export
from segments.exports.forms import ExportForm
from segments.exports.jobs import file_of, is_ready, is_under_way
from segments.models import SegmentExport
from workspaces import audit
from workspaces.access import WorkspaceRequest, workspace_page
from workspaces.models import Role


def export_of(request: WorkspaceRequest, pk: UUID) -> SegmentExport:
    """Return an export of the member's own workspace, or raise 404."""
    known = SegmentExport.objects.select_related("segment", "requested_by")
    export = get_object_or_404(known, pk=pk, segment__workspace=request.workspace)
    export.segment.workspace = request.workspace
    return export


@workspace_page(writes=Role.ANALYST)
def segment_export(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Let a member choose columns, and have the file written."""
    segment = segment_of(request, pk)
    data = request.POST if request.method == "POST" else None
    form = ExportForm(data, member=request.member)
    if form.is_valid():
        columns = form.cleaned_data["columns"]
        export = request_export(segment, columns, by=request.user)
        return redirect("segment-export-detail", request.workspace.slug, export.pk)
    return render(request, "segments/segment_export.html", {"segment": segment, "form": form})


@workspace_page()
def export_detail(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Show how far an export is, and the way to its file."""
    export = export_of(request, pk)
    context = {
        "export": export,
        "segment": export.segment,
        "ready": is_ready(export),
        "under_way": is_under_way(export),
        "may_download": may_download(export, request.member),
    }
    part = "#progress" if request.htmx else ""
    return render(request, f"segments/export.html{part}", context)


@workspace_page()
def export_download(request: WorkspaceRequest, pk: UUID) -> HttpResponseBase:
    export = export_of(request, pk)
    if not may_download(export, request.member):
        raise PermissionDenied(Role.MARKETER.label)
    if not is_ready(export):
        return redirect("segment-export-detail", request.workspace.slug, export.pk)
    audit.record(
        request.workspace,
        request.user,
        "Exported Users",
        export.segment,
        step=DOWNLOADED,
        columns=export.columns,
    )
    name = slugify(export.segment.name) or _("segment")
    day = timezone.localdate(export.requested_at)
    return FileResponse(
        file_of(export).open("rb"),
        as_attachment=True,
        filename=f"{name}-{day}.csv",
        content_type="text/csv; charset=utf-8",
    )
