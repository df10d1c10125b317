"""Finding calls in the sync ledger."""

from datetime import date, datetime, time
from typing import Any

import django_filters
from django import forms
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.text import Truncator
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


#: How many cohorts the menu of the ledger names, those first that were synced last.
COHORTS_OFFERED = 100
LONGEST_OPTION = 100
#: Digits that no id has.
LONGEST_ID = 19


class CohortField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return Truncator(str(obj)).chars(LONGEST_OPTION)


class CohortFilter(django_filters.ModelChoiceFilter):
    field_class = CohortField


class LedgerFilterSet(django_filters.FilterSet):
    """The calls of ``partner`` in ``workspace``, narrowed by what the page's form says."""

    cohort = CohortFilter(label=_("Cohort"), empty_label=_("All cohorts"))
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
        cohorts = Cohort.objects.in_workspace(workspace).filter(partner=partner)
        newest = cohorts.order_by(F("last_sync_at").desc(nulls_last=True), "-pk").values("pk")
        chosen = str(self.data.get("cohort", ""))
        named = Q(pk=int(chosen)) if chosen.isdecimal() and len(chosen) < LONGEST_ID else Q()
        offered = cohorts.filter(Q(pk__in=newest[:COHORTS_OFFERED]))
        self.filters["cohort"].queryset = offered | cohorts.filter(named) if named else offered
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
