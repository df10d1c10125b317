"""On a person's page: the partners' cohorts that they are or were in."""

from django.utils.translation import gettext as _

from cohorts.models import CohortMembership
from profiles.models import Profile
from profiles.person.facts import beginning
from profiles.person.panels import Panel, register
from workspaces.access import WorkspaceRequest


@register
def cohorts_of(request: WorkspaceRequest, person: Profile) -> Panel:
    """List every cohort with when the person entered and left, those of now first."""
    memberships = CohortMembership.objects.filter(profile=person).select_related("cohort__partner")
    rows = memberships.order_by("-active", "cohort__partner__position", "cohort__name", "cohort_id")
    return Panel(
        _("Cohorts"), "cohorts/parts/person_cohorts.html", {"memberships": beginning(rows)}
    )
