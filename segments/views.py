"""The pages of segments."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from segments.audiences.freshness import freshness
from segments.builder.builder import Builder
from segments.builder.measuring import Question, answered, measured
from segments.editing import archive_segment, duplicate_segment, save_segment, unarchive_segment
from segments.forms import SegmentFilterSet, SegmentForm
from segments.listing import listed, shown_of
from segments.models import Segment
from segments.sizes.daily import RANGES, daily_sizes, range_asked
from segments.trees.nesting import affected
from segments.versions import newest
from workspaces.access import WorkspaceRequest, workspace_page
from workspaces.models import Role

#: How many of each the page of a segment shows.
LAST_EDITS = 3
LAST_EXPORTS = 5


def segment_of(request: WorkspaceRequest, pk: UUID) -> Segment:
    """Return a segment of the member's own workspace, or raise 404."""
    segment = get_object_or_404(Segment.objects.in_workspace(request.workspace), pk=pk)
    segment.workspace = request.workspace
    return segment


@workspace_page()
def segment_list(request: WorkspaceRequest) -> HttpResponse:
    query = request.GET.copy()
    query.setdefault("status", "active")
    query.setdefault("sort", "name")
    filters = SegmentFilterSet(query, queryset=shown_of(request.workspace))
    found = listed(
        request.workspace, filters.qs, sort=query.get("sort", ""), number=query.get("page")
    )
    context = {
        "page": found.page,
        "filters": filters,
        "everyone": found.everyone,
        "searched": bool(request.GET),
        "pending": found.pending,
    }
    part = "#sizes" if request.htmx.trigger == "sizes" else "#results" if request.htmx else ""
    return render(request, f"segments/segment_list.html{part}", context)


@workspace_page()
def segment_detail(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    segment = segment_of(request, pk)
    if request.htmx.target == "lookup-answers":
        context = answered(segment, Question.of(request))
        return render(request, "segments/parts/lookup_answers.html", context)
    personal = request.member.sees_personal_data
    builder = Builder(request.workspace, segment.tree, personal=personal)
    days = range_asked(request.GET.get("days"))
    context = {
        "segment": segment,
        "builder": builder,
        "uses": affected(request.workspace, [segment.pk])[segment.pk],
        "days": days,
        "ranges": RANGES,
        "daily_sizes": daily_sizes(segment, days),
        "last_edits": newest(segment, LAST_EDITS, builder.catalogue),
        "exports": segment.exports.select_related("requested_by")[:LAST_EXPORTS],
        "freshness": freshness(segment),
        **measured(builder, Question.of(request)),
    }
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
    if saving and all([form.is_valid(), builder.is_valid()]):
        try:
            save_segment(segment, builder.tree, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": segment})
            return redirect(segment)
    context = {"segment": segment, "was": name, "form": form, "builder": builder}
    question = Question.of(request)
    context |= measured(builder, question, changing=segment if pk else None)
    part = "#numbers" if previewed else "#editor" if request.htmx else ""
    return render(request, f"segments/segment_edit.html{part}", context)


def initial(request: WorkspaceRequest, acted: bool) -> dict[str, str]:
    """Keep what was typed about the segment while a builder button answers, unjudged."""
    names = ("name", "description", "tags")
    return {name: request.POST.get(name, "") for name in names} if acted else {}


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
    uses = affected(request.workspace, [segment.pk])[segment.pk]
    return render(request, "segments/segment_archive.html", {"segment": segment, "uses": uses})
