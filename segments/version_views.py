"""What a segment was before, and how it came to be what it is."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from segments.access import segment_of
from segments.editing import restore_version
from segments.filters.base import InvalidTree
from segments.filters.catalogue import Catalogue
from segments.versions import changes
from workspaces.access import WorkspaceRequest, workspace_page

PER_PAGE = 25


@workspace_page()
def segment_history(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    segment = segment_of(request, pk)
    versions = segment.versions.select_related("saved_by")
    page = Paginator(versions, PER_PAGE).get_page(request.GET.get("page"))
    start = max(0, page.start_index() - 1)
    # With the one before the oldest on the page: that is what it is compared with.
    catalogue = Catalogue(request.workspace, personal=request.member.sees_personal_data)
    shown = changes(list(versions[start : start + PER_PAGE + 1]), catalogue)
    context = {"segment": segment, "page": page, "changes": shown[:PER_PAGE]}
    return render(request, "segments/segment_history.html", context)


@require_POST
@workspace_page()
def segment_restore(request: WorkspaceRequest, pk: UUID, version: int) -> HttpResponse:
    """Make a version the segment again, and tell how that went."""
    segment = segment_of(request, pk)
    chosen = get_object_or_404(segment.versions, pk=version)
    chosen.segment = segment
    try:
        restore_version(chosen, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except InvalidTree as error:
        messages.error(request, _("This version cannot be restored. %(why)s") % {"why": error})
    else:
        messages.success(request, _("“%(name)s” is restored.") % {"name": segment})
        return redirect(segment)
    return redirect("segment-history", request.workspace.slug, segment.pk)
