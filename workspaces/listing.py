"""Narrowing the audit log."""

from typing import Any

import django_filters
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lib.calendar import validate_day
from workspaces.audit import actions
from workspaces.models import AuditEntry

_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class AuditFilterSet(django_filters.FilterSet):
    """By action, by actor, and by first and last day (of the workspace's time zone)."""

    action = django_filters.ChoiceFilter(
        label=gettext_lazy("Action"),
        empty_label=gettext_lazy("Every action"),
        choices=lambda: [(action, _(action)) for action in actions()],
    )
    actor = django_filters.ChoiceFilter(
        label=gettext_lazy("Who"), field_name="actor_email", empty_label=gettext_lazy("Everyone")
    )
    since = django_filters.DateFilter(
        label=gettext_lazy("From"),
        field_name="at",
        lookup_expr="date__gte",
        widget=_DAY,
        validators=[validate_day],
    )
    until = django_filters.DateFilter(
        label=gettext_lazy("To"),
        field_name="at",
        lookup_expr="date__lte",
        widget=_DAY,
        validators=[validate_day],
    )

    class Meta:
        model = AuditEntry
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        emails = self.queryset.order_by("actor_email").values_list("actor_email", flat=True)
        self.filters["actor"].extra["choices"] = [
            (email, email) for email in emails.distinct() if email
        ]
