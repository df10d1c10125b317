"""The filter over cohorts: “Heap Cohorts includes Trial drop-offs”."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cohorts.models import Cohort, CohortMembership, DataImportKey, Partner
from profiles.models import Profile
from segments.filters import fields
from segments.filters.base import (
    InvalidTree,
    Label,
    Labels,
    Operator,
    Query,
    Since,
    Value,
    either,
    register,
)
from segments.filters.picking import PickFilter
from workspaces.models import Workspace


def no_values(value: Value, now: datetime) -> Value:
    """Bind nothing: the cohorts are bound beside the predicate."""
    return ()


def how_many(value: Value, now: datetime) -> Value:
    """Bind the number of cohorts, each counted once."""
    return (len(set(value)),)


def days_ago(value: Value, now: datetime) -> Value:
    """Bind the moment that lies the second of ``value`` in days of 24 hours before ``now``."""
    return (now - timedelta(days=float(value[1])),)


def days_ago_passes(value: Value, now: datetime, until: datetime) -> Value:
    """Bind the stretch through which that moment runs from ``now`` until ``until``."""
    return (*days_ago(value, now), *days_ago(value, until))


def timed(label: Label, predicate: str, moment: str) -> Operator:
    """An operator over one cohort and a number of days since ``moment``, a column."""
    return Operator(
        label,
        fields.pick_and_days,
        predicate,
        days_ago,
        flips=f"{moment} between %s and %s",
        flips_params=days_ago_passes,
    )


#: How the operators over time read in a sentence.
TIMED_SENTENCES = {
    "entered": gettext_lazy("%(filter)s: entered %(cohort)s in the last %(days)s days"),
    "left": gettext_lazy("%(filter)s: left %(cohort)s in the last %(days)s days"),
    "in_more": gettext_lazy("%(filter)s: in %(cohort)s for more than %(days)s days"),
    "in_less": gettext_lazy("%(filter)s: in %(cohort)s for less than %(days)s days"),
}


@register
class CohortFilter(PickFilter):
    """Whether a person is in some cohorts of one partner, named by ``subject``, and since when.

    The operators' predicates read a row of ``CohortMembership``. The moment of an entry is the
    database's, and may be later than ``now``, which is the start of a minute: nothing is bounded
    by the present.
    """

    kind = "cohort"
    category = gettext_lazy("Cohort membership")
    operators: ClassVar[dict[str, Operator]] = {
        "includes_any": Operator(gettext_lazy("includes any of"), fields.pick, "active", no_values),
        "includes_all": Operator(
            gettext_lazy("includes all of"),
            fields.pick,
            "active group by profile_id having count(*) = %s",
            how_many,
        ),
        "includes_none": Operator(
            gettext_lazy("does not include"), fields.pick, negates="includes_any"
        ),
        # Whoever entered and has left again since did enter.
        "entered": timed(
            gettext_lazy("entered in the last … days"), "entered_at > %s", "entered_at"
        ),
        "left": timed(
            gettext_lazy("left in the last … days"),
            "not active and left_at > %s",
            "not active and left_at",
        ),
        "in_more": timed(
            gettext_lazy("in the cohort for more than … days"),
            "active and entered_at < %s",
            "entered_at",
        ),
        "in_less": timed(
            gettext_lazy("in the cohort for less than … days"),
            "active and entered_at > %s",
            "entered_at",
        ),
    }

    gone = gettext_lazy("a cohort that was deleted")

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
    def rows(cls, workspace: Workspace, subject: str) -> QuerySet[Cohort]:
        return Cohort.objects.in_workspace(workspace).filter(partner__slug=subject)

    @property
    def picked(self) -> tuple[str, ...]:
        named = self.value[:1] if self.operator in TIMED_SENTENCES else self.value
        return tuple(map(str, named))

    def fresh_at(self, workspace: Workspace) -> list[tuple[str, datetime | None]]:
        cohorts = Cohort.objects.in_workspace(workspace).filter(pk__in=self._cohorts)
        return [
            (f"{cohort.partner}: {cohort.name}", cohort.last_sync_at)
            for cohort in cohorts.select_related("partner")
        ]

    def query(self, workspace: Workspace, now: datetime) -> Query:
        return Query(
            "select profile_id from cohorts_cohortmembership where cohort_id in "  # noqa: S608
            "(select id from cohorts_cohort where workspace_id = %s and id = any(%s)) "
            f"and {self.positive.sql}",
            (workspace.pk, self._cohorts, *self.positive.params(self.value, now)),
        )

    def changed_since(self, workspace: Workspace, since: Since) -> Query:
        return Query(
            "select profile_id from cohorts_cohortmembership "  # noqa: S608
            f"where cohort_id = any(%s) and {since.sql}",
            (self._cohorts, *since.params),
        )

    def restless(self, workspace: Workspace, now: datetime, until: datetime) -> Query | None:
        return Query(
            "select profile_id from cohorts_cohortmembership "  # noqa: S608
            f"where cohort_id = any(%s) and {self.positive.flips}",
            (self._cohorts, *self.positive.flips_params(self.value, now, until)),
        )

    def seen(self, workspace: Workspace, profile: Profile, now: datetime) -> str:
        """Say since when ``profile`` is in each of the cohorts, or when they left it."""
        memberships = (
            CohortMembership.objects.filter(
                profile=profile, cohort__workspace=workspace, cohort__in=self._cohorts
            )
            .select_related("cohort")
            .order_by("cohort__name", "cohort")
        )
        return ", ".join(stay_in_words(membership) for membership in memberships)

    def sentence(self, catalogue: Labels) -> str:
        names = self._names(catalogue)
        words: dict[str, Any] = {
            "filter": catalogue.label(self),
            "cohort": _(" and ").join(names),
        }
        if self.operator in TIMED_SENTENCES:
            return str(TIMED_SENTENCES[self.operator]) % (words | {"days": self.value[1]})
        if self.operator == "includes_all" or (self.operator == "includes_any" and len(names) == 1):
            return _("%(filter)s includes %(cohort)s") % words
        return super().sentence(catalogue)

    def value_in_words(self, catalogue: Labels) -> str:
        return either(self._names(catalogue))

    def notes(self, catalogue: Labels) -> list[str]:
        """Say which cohorts are gone, and which have nobody in them: both count as empty."""
        members = CohortMembership.objects.filter(cohort=OuterRef("pk"), active=True)
        cohorts = Cohort.objects.in_workspace(catalogue.workspace).filter(pk__in=self._cohorts)
        known = cohorts.annotate(peopled=Exists(members)).values_list("pk", "name", "peopled")
        notes = []
        if set(self._cohorts) - {pk for pk, _name, _peopled in known}:
            notes.append(_("A cohort that this filter names was deleted. It counts as empty."))
        notes += [
            _("The cohort “%(cohort)s” is empty.") % {"cohort": name}
            for _pk, name, peopled in known
            if not peopled
        ]
        return notes

    @property
    def _cohorts(self) -> list[int]:
        return [int(pk) for pk in self.picked]

    def _names(self, catalogue: Labels) -> list[str]:
        names = dict(catalogue.choices(self))
        return [str(names.get(pk, self.gone)) for pk in self.picked]


def stay_in_words(membership: CohortMembership) -> str:
    """Say “Trial drop-offs since …”, or “left Trial drop-offs on …”."""
    moment = membership.entered_at if membership.active else membership.left_at
    said = _("%(cohort)s since %(time)s") if membership.active else _("left %(cohort)s on %(time)s")
    time = date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else ""
    return said % {"cohort": membership.cohort, "time": time}


def named_after(partner: Partner) -> str:
    return _("%(partner)s Cohorts") % {"partner": partner}
