"""What stands in a workspace, in figures, each by one indexed query."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cohorts.models import Cohort, CohortImport, DataImportKey, LedgerDay, Outcome, Partner
from segments.audiences.estimates import Size
from segments.audiences.patience import PAGE_SECONDS
from segments.audiences.people import people_of
from segments.filters.attributes import IDENTIFIED
from segments.filters.everyone import EVERYONE
from segments.models import WrongBitmap
from workspaces.models import Member, Role, Workspace

CALLS_SHOWN = 6
#: For so long admins read that sizes were wrong.
TOLD_FOR = timedelta(days=7)
#: So many people are counted as quickly as one looks for bitmaps.
COUNTED_AT_ONCE = 20_000


@dataclass(frozen=True)
class Figures:
    #: Estimated while the bitmaps are not ready; None where even that takes too long.
    people: Size | None
    identified: Size | None
    segments: int
    campaigns: int
    canvases: int
    targeted_campaigns: int
    targeted_canvases: int
    cohorts: int
    has_key: bool


@dataclass(frozen=True)
class Step:
    """Something to do once. ``done`` is read from the data, never ticked by hand.

    ``url`` is empty for a member whose role may not do it.
    """

    title: Any
    text: Any
    url: str
    done: bool


def figures(workspace: Workspace) -> Figures:
    """Count what stands in ``workspace``. Archived segments and messages are left out."""
    people, identified = _people(workspace)
    campaigns = workspace.campaigns.active()
    canvases = workspace.canvases.active()
    return Figures(
        people=people,
        identified=identified,
        segments=workspace.segments.active().count(),
        campaigns=campaigns.count(),
        canvases=canvases.count(),
        targeted_campaigns=_targeted(campaigns),
        targeted_canvases=_targeted(canvases),
        cohorts=workspace.cohorts.count(),
        has_key=workspace.data_import_keys.live().exists(),
    )


def _people(workspace: Workspace) -> tuple[Size | None, Size | None]:
    """Return how many people there are, and how many have an external id. Where there are many, by
    their bitmaps: to count 5 million rows takes longer than a page may.
    """
    some = workspace.profiles.order_by().values("external_id")[: COUNTED_AT_ONCE + 1]
    counted = some.aggregate(all=Count("*"), identified=Count("external_id"))
    if counted["all"] <= COUNTED_AT_ONCE:
        return Size(counted["all"]), Size(counted["identified"])
    with suppress(DatabaseError), people_of(workspace, within=PAGE_SECONDS) as people:
        people.prepare([EVERYONE, IDENTIFIED])
        return people.size(EVERYONE), people.size(IDENTIFIED)
    return None, None


def _targeted(messages: QuerySet[Any]) -> int:
    """How many of the messages have an audience: a segment, or filters of their own."""
    filtered = Q(tree__groups__0__isnull=False) | Q(tree__exclusions__0__isnull=False)
    return messages.filter(Q(segments__isnull=False) | filtered).distinct().count()


def connected_partners(workspace: Workspace) -> QuerySet[Partner]:
    """Return the partners that hold a live key or have sent a cohort, with figures.

    Each carries ``cohort_count`` and ``last_sync_at``, the time of its last applied call.
    """
    applied = CohortImport.objects.filter(
        workspace=workspace, partner=OuterRef("pk"), outcome=Outcome.APPLIED
    )
    days = LedgerDay.objects.filter(
        workspace=workspace, partner=OuterRef("pk"), outcome=Outcome.APPLIED
    ).order_by("-day")
    # Ordered by time alone, as the index is.
    newest = applied.order_by("-received_at").values("received_at")
    keys = DataImportKey.objects.in_workspace(workspace).live().filter(partner=OuterRef("pk"))
    cohorts = Cohort.objects.in_workspace(workspace).filter(partner=OuterRef("pk"))
    counted = cohorts.order_by().values("partner").annotate(number=Count("pk")).values("number")
    return Partner.objects.annotate(
        cohort_count=Coalesce(Subquery(counted), 0),
        last_sync_at=Coalesce(Subquery(newest[:1]), Subquery(days.values("last_at")[:1])),
    ).filter(Exists(keys) | Q(cohort_count__gt=0))


def newest_calls(workspace: Workspace) -> QuerySet[CohortImport]:
    """Return the last few calls of the sync ledger."""
    return workspace.cohort_imports.select_related("partner", "cohort")[:CALLS_SHOWN]


def wrong_sizes(member: Member) -> int:
    """Return of how many filters the self-check found a wrong size lately; admins are told."""
    if not member.may(Role.ADMIN):
        return 0
    found = WrongBitmap.objects.in_workspace(member.workspace)
    return found.filter(found_at__gt=timezone.now() - TOLD_FOR).count()


def next_steps(member: Member, figures: Figures) -> list[Step]:
    """Return what leads from an empty workspace to a targeted message; nothing when all is done."""

    def url(name: str, role: Role) -> str:
        return reverse(name, args=[member.workspace.slug]) if member.may(role) else ""

    steps = [
        Step(
            _("Connect a technology partner"),
            _("Generate a Data Import Key and hand it over together with the REST endpoint."),
            url("partner-list", Role.ADMIN),
            figures.has_key or figures.cohorts > 0,
        ),
        Step(
            _("Receive the first cohort"),
            _("The partner sends it. It is here as soon as the call is answered."),
            url("partner-list", Role.ANALYST),
            figures.cohorts > 0,
        ),
        Step(
            _("Build a segment"),
            _("Combine a cohort with anything else that you know about your users."),
            url("segment-new", Role.MARKETER),
            figures.segments > 0,
        ),
        Step(
            _("Target a campaign or a Canvas"),
            _("Pick the segment under Target Audiences and see how many users it reaches."),
            url("campaign-new", Role.MARKETER),
            figures.targeted_campaigns + figures.targeted_canvases > 0,
        ),
    ]
    return [] if all(step.done for step in steps) else steps
