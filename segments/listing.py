"""The list of segments: how it is narrowed, and a page of it with sizes and uses."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import django_filters
from django.core.paginator import Page, Paginator
from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from segments.audiences.estimates import Size
from segments.audiences.pending import Pending
from segments.audiences.people import sizes
from segments.models import Segment, SegmentQuerySet
from segments.trees.nesting import affected
from workspaces.models import Workspace

PER_PAGE = 25
SORTS = [
    ("name", _("Name")),
    ("-updated_at", _("Last edited")),
    ("-size", _("Largest")),
    ("size", _("Smallest")),
]


class SegmentFilterSet(django_filters.FilterSet):
    """The search and the filters of the list."""

    q = django_filters.CharFilter(label=_("Search"), method="search")
    tag = django_filters.CharFilter(label=_("Tag"), method="with_tag")
    status = django_filters.ChoiceFilter(
        label=_("Status"),
        empty_label=None,
        choices=[("active", _("Active")), ("archived", _("Archived"))],
        method="in_status",
    )
    sort = django_filters.ChoiceFilter(
        label=_("Sort by"), empty_label=None, choices=SORTS, method="sorted_later"
    )

    class Meta:
        model = Segment
        fields: list[str] = []

    def search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return named(queryset, value)

    def with_tag(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(tags__contains=[value])

    def in_status(self, queryset: SegmentQuerySet, name: str, value: str) -> QuerySet:
        return queryset.archived() if value == "archived" else queryset.active()

    def sorted_later(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        # Sizes are no column: the view sorts by them.
        return queryset if value.endswith("size") else queryset.order_by(value, "pk")


def named(queryset: QuerySet, text: str) -> QuerySet:
    """Find any of the words of ``text`` in the name; quotes hold a phrase together, as in Braze."""
    wanted = Q()
    for word in words(text):
        wanted |= Q(name__icontains=word)
    return queryset.filter(wanted)


def words(text: str) -> list[str]:
    """Split ``text`` into words and quoted phrases."""
    try:
        return shlex.split(text)
    except ValueError:  # a quote that is not closed
        return text.replace('"', " ").split()


@dataclass(frozen=True)
class Listed:
    """One page of segments, the size of everyone, and what sizes that are not exact wait for."""

    page: Page
    everyone: Size | None
    pending: Pending


def shown_of(workspace: Workspace) -> SegmentQuerySet:
    """Return all segments of ``workspace`` with what a row says of them."""
    archived = Prefetch("nested", Segment.objects.archived(), to_attr="archived_inside")
    known = Segment.objects.in_workspace(workspace)
    return known.select_related("updated_by").prefetch_related(archived)


def listed(
    workspace: Workspace, found: Iterable[Segment], *, sort: str, number: str | None
) -> Listed:
    """Return page ``number`` of ``found``, put in order by size if ``sort`` says so.

    What cannot be answered has no size and comes below the smallest.
    """
    rows: list[Any] = list(found)
    by_size = sort.endswith("size")
    page = Paginator(rows, PER_PAGE).get_page(number)
    known, everyone, builds = sizes(workspace, rows if by_size else page)
    if by_size:
        counts = {pk: size.count for pk, size in known.items() if size}
        rows.sort(key=lambda row: counts.get(row.pk, -1), reverse=sort.startswith("-"))
        page = Paginator(rows, PER_PAGE).get_page(number)
    uses = affected(workspace, [row.pk for row in page])
    for row in page:
        row.workspace, row.size, row.uses = workspace, known.get(row.pk), uses[row.pk]
    return Listed(page, everyone, Pending(builds))
