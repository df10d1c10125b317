"""What stands in a workspace, in figures, each by one indexed query."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cohorts.models import CohortImport, DataImportKey, Outcome, Partner
from segments.models import WrongBitmap
from workspaces.models import Member, Role, Workspace

CALLS_SHOWN = 6
#: For so long admins read that sizes were wrong.
TOLD_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Figures:
    people: int
    identified: int
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
    people = workspace.profiles.aggregate(all=Count("*"), identified=Count("external_id"))
    campaigns = workspace.campaigns.active()
    canvases = workspace.canvases.active()
    return Figures(
        people=people["all"],
        identified=people["identified"],
        segments=workspace.segments.active().count(),
        campaigns=campaigns.count(),
        canvases=canvases.count(),
        targeted_campaigns=_targeted(campaigns),
        targeted_canvases=_targeted(canvases),
        cohorts=workspace.cohorts.count(),
        has_key=workspace.data_import_keys.live().exists(),
    )


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
    keys = DataImportKey.objects.in_workspace(workspace).live().filter(partner=OuterRef("pk"))
    own = Q(cohorts__workspace=workspace)
    return Partner.objects.annotate(
        cohort_count=Count("cohorts", filter=own, distinct=True),
        last_sync_at=Subquery(applied.values("received_at")[:1]),
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
