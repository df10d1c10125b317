"""The filter over cohorts: “Heap Cohorts includes Trial drop-offs”."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cohorts.models import Cohort, DataImportKey, Partner
from segments import fields
from segments.filters import (
    Catalogue,
    Choices,
    Filter,
    InvalidTree,
    Label,
    Operator,
    Query,
    register,
)
from workspaces.models import Workspace


@register
class CohortFilter(Filter):
    """Whether a person is in any of some cohorts of one partner, named by ``subject``."""

    kind = "cohort"
    category = gettext_lazy("Cohort membership")
    operators: ClassVar[dict[str, Operator]] = {
        "includes_any": Operator(gettext_lazy("includes any of"), fields.pick),
        "includes_none": Operator(
            gettext_lazy("does not include"), fields.pick, negates="includes_any"
        ),
    }

    @classmethod
    def subjects(cls, workspace: Workspace) -> Iterable[tuple[str, Label]]:
        """Offer the partners that are connected: they have a key or have sent a cohort."""
        theirs = {"workspace": workspace, "partner": OuterRef("pk")}
        connected = Partner.objects.filter(
            Exists(Cohort.objects.filter(**theirs)) | Exists(DataImportKey.objects.filter(**theirs))
        )
        return [(partner.slug, named_after(partner)) for partner in connected]

    @classmethod
    def label(cls, workspace: Workspace, subject: str) -> Label:
        partner = Partner.objects.filter(slug=subject).first()
        if partner is None:
            raise InvalidTree(f"no partner is called {subject!r}")
        return named_after(partner)

    @classmethod
    def choices(cls, workspace: Workspace, subject: str) -> Choices:
        cohorts = Cohort.objects.in_workspace(workspace).filter(partner__slug=subject)
        return [(str(pk), name) for pk, name in cohorts.values_list("pk", "name")]

    def query(self, workspace: Workspace, now: datetime) -> Query:
        return Query(
            "select profile_id from cohorts_cohortmembership where active and cohort_id in "
            "(select id from cohorts_cohort where workspace_id = %s and id = any(%s))",
            (workspace.pk, [int(pk) for pk in self.value]),
        )

    def changed_since(self, workspace: Workspace, token: int) -> Query:
        return Query(
            "select profile_id from cohorts_cohortmembership "
            "where cohort_id = any(%s) and changed >= %s::xid8",
            ([int(pk) for pk in self.value], str(token)),
        )

    def sentence(self, catalogue: Catalogue) -> str:
        if self.operator == "includes_any" and len(self.value) == 1:
            names = dict(catalogue.choices(self))
            return _("%(filter)s includes %(cohort)s") % {
                "filter": catalogue.label(self),
                "cohort": names.get(self.value[0], self.value[0]),
            }
        return super().sentence(catalogue)


def named_after(partner: Partner) -> str:
    return _("%(partner)s Cohorts") % {"partner": partner}
