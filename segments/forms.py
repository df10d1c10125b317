"""What one enters about a segment beside its tree."""

import shlex
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from segments.models import Segment, SegmentQuerySet, split_tags


class TagsField(forms.CharField):
    """Tags, typed with commas between them."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"required": False, "max_length": 500}
        super().__init__(label=_("Tags"), help_text=_("Separated by commas"), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        return split_tags(super().clean(value))


class SegmentForm(forms.ModelForm):
    tags = TagsField()

    class Meta:
        model = Segment
        fields = ["name", "description", "tags"]
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}

    def _get_validation_exclusions(self) -> set[str]:
        # The workspace is no field of the form, but a name is unique within it.
        exclusions: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return exclusions - {"workspace", "archived_at"}


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
