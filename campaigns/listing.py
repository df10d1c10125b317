"""Finding campaigns and Canvases in their lists."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from campaigns.channels.base import channel_choices
from campaigns.models import Campaign, Canvas
from segments.listing import named

SORTS = [
    ("-updated_at", _("Last edited")),
    ("name", _("Name")),
    ("-created_at", _("Newest")),
]


class TargetedFilterSet(django_filters.FilterSet):
    """Search, status, tag and order. Without a status, the drafts are listed."""

    q = django_filters.CharFilter(label=_("Search"), method="search")
    status = django_filters.ChoiceFilter(
        label=_("Status"),
        empty_label=None,
        choices=[("draft", _("Draft")), ("archived", _("Archived"))],
        method="in_status",
    )
    tag = django_filters.ChoiceFilter(label=_("Tag"), empty_label=_("All tags"), method="with_tag")
    sort = django_filters.ChoiceFilter(
        label=_("Sort by"), empty_label=None, choices=SORTS, method="in_order"
    )

    def __init__(self, data: QueryDict, queryset: QuerySet[Any]) -> None:
        asked = data.copy()
        asked.setdefault("status", "draft")
        asked.setdefault("sort", SORTS[0][0])
        super().__init__(asked, queryset)
        tags = {tag for tags in queryset.order_by().values_list("tags", flat=True) for tag in tags}
        self.has_tags = bool(tags)
        self.filters["tag"].extra["choices"] = [(tag, tag) for tag in sorted(tags)]
        self.is_narrowed = any(data.get(name) for name in self.filters if name != "sort")

    def search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return named(queryset, value)

    def in_status(self, queryset: Any, name: str, value: str) -> QuerySet:
        return queryset.archived() if value == "archived" else queryset.active()

    def with_tag(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(tags__contains=[value])

    def in_order(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.order_by(value, "pk")


class CampaignFilterSet(TargetedFilterSet):
    channel = django_filters.ChoiceFilter(
        label=_("Channel"), empty_label=_("All channels"), choices=channel_choices
    )

    class Meta:
        model = Campaign
        fields = ["q", "channel", "status", "tag", "sort"]


class CanvasFilterSet(TargetedFilterSet):
    class Meta:
        model = Canvas
        fields: list[str] = []
