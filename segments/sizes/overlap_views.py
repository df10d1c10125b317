"""The page that compares two segments."""

from typing import Any

from django import forms
from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from segments.audiences.patience import PAGE_SECONDS
from segments.audiences.pending import pending_of
from segments.audiences.people import people_of
from segments.filters.base import InvalidTree
from segments.models import Segment
from segments.sizes.overlap import overlap_of
from workspaces.access import WorkspaceRequest, workspace_page
from workspaces.models import Workspace


class OverlapForm(forms.Form):
    use_required_attribute = False

    a = forms.ModelChoiceField(Segment.objects.none(), label=_("Segment A"))
    b = forms.ModelChoiceField(Segment.objects.none(), label=_("Segment B"))

    def __init__(self, data: Any, workspace: Workspace) -> None:
        super().__init__(data)
        for name in ("a", "b"):
            field: Any = self.fields[name]
            field.queryset = Segment.objects.in_workspace(workspace)
            field.widget.attrs["data-searchable"] = ""


@workspace_page()
def segment_overlap(request: WorkspaceRequest) -> HttpResponse:
    """Show two segments, what they share and what only one has."""
    form = OverlapForm(request.GET or None, request.workspace)
    if len(request.GET) == 1:  # a link from one segment: the other is not chosen yet
        form = OverlapForm(None, request.workspace)
        form.initial = request.GET.dict()
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        context |= compared(request.workspace, form.cleaned_data["a"], form.cleaned_data["b"])
    part = "#results" if request.htmx else ""
    return render(request, f"segments/overlap.html{part}", context)


def compared(workspace: Workspace, a: Segment, b: Segment) -> dict[str, Any]:
    """Measure the overlap; only say that it ``failed`` if one of them cannot be answered."""
    a.workspace = b.workspace = workspace
    try:
        with people_of(workspace, within=PAGE_SECONDS) as people:
            overlap = overlap_of(people, people.tree(a.pk), people.tree(b.pk))
            return {"a": a, "b": b, "overlap": overlap, "pending": pending_of(people)}
    except (DatabaseError, InvalidTree):
        return {"a": a, "b": b, "failed": True}
