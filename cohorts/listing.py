"""Finding calls in the sync ledger."""

from datetime import date, datetime, time
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cohorts.models import Cohort, CohortImport, DataImportKey, Outcome, Partner
from lib.calendar import validate_day
from workspaces.models import Workspace


def _moment(day: date, hour: time) -> datetime:
    return timezone.make_aware(datetime.combine(day, hour))


def _day(label: Any, method: str) -> django_filters.DateFilter:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return django_filters.DateFilter(
        label=label, method=method, widget=widget, validators=[validate_day]
    )


class LedgerFilterSet(django_filters.FilterSet):
    """The calls of ``partner`` in ``workspace``, narrowed by what the page's form says."""

    cohort = django_filters.ModelChoiceFilter(label=_("Cohort"), empty_label=_("All cohorts"))
    outcome = django_filters.ChoiceFilter(
        label=_("Outcome"), choices=Outcome.choices, empty_label=_("All outcomes")
    )
    key = django_filters.ModelChoiceFilter(label=_("Key"), empty_label=_("All keys"))
    since = _day(_("From"), "received_since")
    until = _day(_("To"), "received_until")

    class Meta:
        model = CohortImport
        fields = ("cohort", "outcome", "key", "since", "until")

    def __init__(self, data: Any, *, workspace: Workspace, partner: Partner) -> None:
        calls = CohortImport.objects.in_workspace(workspace).filter(partner=partner)
        super().__init__(data, calls.select_related("cohort", "key"))
        self.filters["cohort"].queryset = Cohort.objects.in_workspace(workspace).filter(
            partner=partner
        )
        self.filters["key"].queryset = DataImportKey.objects.in_workspace(workspace).filter(
            partner=partner
        )

    def received_since(self, calls: QuerySet[Any], name: str, day: date) -> QuerySet[Any]:
        return calls.filter(received_at__gte=_moment(day, time.min))

    def received_until(self, calls: QuerySet[Any], name: str, day: date) -> QuerySet[Any]:
        return calls.filter(received_at__lte=_moment(day, time.max))

    @property
    def is_narrowed(self) -> bool:
        return any(self.form[name].value() for name in self.form.fields)
