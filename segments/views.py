"""The pages of segments."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from segments.attributes import EMAIL_IS_AVAILABLE
from segments.audiences import People, people_of, sample, sizes
from segments.builder import Builder
from segments.editing import archive_segment, duplicate_segment, save_segment, unarchive_segment
from segments.forms import SegmentFilterSet, SegmentForm
from segments.models import Segment
from segments.uses import uses_of
from workspaces.access import WorkspaceRequest, workspace_page
from workspaces.models import Role

PER_PAGE = 25


def segment_of(request: WorkspaceRequest, pk: UUID) -> Segment:
    """Return a segment of the member's own workspace, or raise 404."""
    segment = get_object_or_404(Segment.objects.in_workspace(request.workspace), pk=pk)
    segment.workspace = request.workspace
    return segment


@workspace_page()
def segment_list(request: WorkspaceRequest) -> HttpResponse:
    known = Segment.objects.in_workspace(request.workspace).select_related("updated_by")
    query = request.GET.copy()
    query.setdefault("status", "active")
    query.setdefault("sort", "name")
    filters = SegmentFilterSet(query, queryset=known)
    sort = query.get("sort", "")
    segments = list(filters.qs)
    if sort.endswith("size"):
        size, everyone = sizes(request.workspace, segments)
        segments.sort(key=lambda s: size.get(s.pk, -1), reverse=sort.startswith("-"))
        page = Paginator(segments, PER_PAGE).get_page(query.get("page"))
    else:
        page = Paginator(segments, PER_PAGE).get_page(query.get("page"))
        size, everyone = sizes(request.workspace, page)
    uses = uses_of(request.workspace, [segment.pk for segment in page])
    for segment in page:
        segment.workspace = request.workspace
        segment.size = size.get(segment.pk)
        segment.uses = uses[segment.pk]
    context = {
        "page": page,
        "filters": filters,
        "everyone": everyone,
        "searched": bool(request.GET),
    }
    part = "#results" if request.htmx else ""
    return render(request, f"segments/segment_list.html{part}", context)


@workspace_page()
def segment_detail(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    segment = segment_of(request, pk)
    builder = Builder(request.workspace, segment.tree)
    context = {"segment": segment, "builder": builder, **measured(builder)}
    context["uses"] = uses_of(request.workspace, [segment.pk])[segment.pk]
    return render(request, "segments/segment.html", context)


@workspace_page(reads=Role.MARKETER)
def segment_edit(request: WorkspaceRequest, pk: UUID | None = None) -> HttpResponse:
    segment = segment_of(request, pk) if pk else Segment(workspace=request.workspace)
    name = segment.name
    data = request.POST or None
    builder = Builder(request.workspace, segment.tree, data=data)
    acted = builder.act(request.POST.get("action", ""))
    previewed = bool(request.htmx) and not acted
    saving = data is not None and not acted and not previewed
    form = SegmentForm(data if saving else None, instance=segment, initial=initial(request, acted))
    if saving and form.is_valid() and builder.is_valid():
        try:
            save_segment(segment, builder.tree, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": segment})
            return redirect(segment)
    context = {"segment": segment, "was": name, "form": form, "builder": builder}
    part = "#numbers" if previewed else "#editor" if request.htmx else ""
    template = f"segments/segment_edit.html{part}"
    return render(request, template, context | measured(builder))


def initial(request: WorkspaceRequest, acted: bool) -> dict[str, str]:
    """Keep what was typed about the segment while a builder button answers, unjudged."""
    names = ("name", "description", "tags")
    return {name: request.POST.get(name, "") for name in names} if acted else {}


def measured(builder: Builder) -> dict[str, object]:
    """Measure the tree of ``builder``: what the numbers beside it show."""
    try:
        with people_of(builder.workspace) as people:
            builder.measure(people)
            return reach(builder, people)
    except DatabaseError:
        return {"failed": True}


def reach(builder: Builder, people: People) -> dict[str, object]:
    audience = builder.tree.audience(people)
    reachable = audience & EMAIL_IS_AVAILABLE.audience(people)
    return {"size": len(audience), "by_email": len(reachable), "sample": sample(audience)}


@require_POST
@workspace_page()
def segment_duplicate(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    copy = duplicate_segment(segment_of(request, pk), by=request.user)
    messages.success(request, _("This is the copy. Change it as you like."))
    return redirect("segment-edit", request.workspace.slug, copy.pk)


@workspace_page(reads=Role.MARKETER)
def segment_archive(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Ask, naming what uses the segment; then archive it, or bring it back."""
    segment = segment_of(request, pk)
    if request.method == "POST":
        if segment.archived_at:
            unarchive_segment(segment, by=request.user)
            messages.success(request, _("“%(name)s” is back.") % {"name": segment})
        else:
            archive_segment(segment, by=request.user)
            messages.success(request, _("“%(name)s” is archived.") % {"name": segment})
        return redirect("segment-list", request.workspace.slug)
    uses = uses_of(request.workspace, [segment.pk])[segment.pk]
    return render(request, "segments/segment_archive.html", {"segment": segment, "uses": uses})
