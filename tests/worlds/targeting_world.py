"""Ten people of whom every number on a targeting page is known, and the forms that target them."""

from typing import Any

from django.utils import timezone

from cohorts.models import CohortMembership
from profiles.models import CustomAttribute
from segments.models import Segment
from tests.worlds.factories import CohortFactory, ProfileFactory, SegmentFactory
from workspaces.models import Workspace

#: country, address, subscription, bounced, spam-marked, in the cohort
PEOPLE = [
    ("FR", "1@example.com", "subscribed", False, False, True),
    ("FR", "2@example.com", "opted_in", False, False, True),
    ("FR", "3@example.com", "unsubscribed", False, False, True),
    ("FR", "", "subscribed", False, False, True),
    ("FR", "5@example.com", "subscribed", True, False, True),
    ("FR", "6@example.com", "opted_in", False, True, True),
    ("DE", "7@example.com", "opted_in", False, False, True),
    ("DE", "8@example.com", "subscribed", False, False, True),
    ("FR", "9@example.com", "opted_in", False, False, False),
    ("US", "10@example.com", "subscribed", False, False, False),
]

HAS_ADDRESS = ("email", "not_blank")
UNSUBSCRIBED = ("email_subscribe", "is", "unsubscribed")


def leaf(key: str, operator: str, *value: Any) -> dict[str, Any]:
    return {"filter": key, "operator": operator, "value": list(value)}


def tree_of(*leaves: dict[str, Any], excluded: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """Return a stored tree of one group of ``leaves`` and one of those ``excluded``."""
    return {
        "join": "all",
        "groups": [{"join": "all", "filters": list(leaves)}] if leaves else [],
        "exclusions": [{"join": "any", "filters": list(excluded)}] if excluded else [],
    }


def declare(workspace: Workspace, **types: str) -> None:
    """Give the workspace custom attributes, by name, of these types."""
    CustomAttribute.objects.bulk_create(
        [CustomAttribute(workspace=workspace, name=name, type=of) for name, of in types.items()]
    )


def make_people(workspace: Workspace) -> tuple[Segment, Segment]:
    """Make the ten; return the segments “French” (7 of them) and “Trial” (8, a Heap cohort)."""
    cohort = CohortFactory(workspace=workspace, name="Trial drop-offs")
    now = timezone.now()
    for number, (country, email, subscription, bounced, spam, inside) in enumerate(PEOPLE, 1):
        profile = ProfileFactory(
            workspace=workspace,
            external_id=str(number),
            country=country,
            email=email,
            email_subscribe=subscription,
            email_hard_bounced_at=now if bounced else None,
            email_marked_spam_at=now if spam else None,
        )
        if inside:
            CohortMembership.objects.create(
                cohort=cohort, profile=profile, active=True, entered_at=now
            )
    french = SegmentFactory(
        workspace=workspace, name="French", tree=tree_of(leaf("country", "any_of", "FR"))
    )
    in_cohort = leaf("cohort:heap", "includes_any", str(cohort.pk))
    trial = SegmentFactory(workspace=workspace, name="Trial", tree=tree_of(in_cohort))
    return french, trial


def builder_fields(
    *filters: tuple[str, ...], excluded: tuple[tuple[str, ...], ...] = (), prefix: str = "tree"
) -> dict[str, Any]:
    """Fill a builder as a browser does: one group of ``filters``, one of those ``excluded``."""
    fields: dict[str, Any] = {f"{prefix}-join": "all", f"{prefix}-node": []}
    for path, drafts in (("g0", filters), ("x0", excluded)):
        if drafts or path == "g0":
            fields[f"{prefix}-node"].append(path)
            fields[f"{prefix}-{path}-join"] = "all"
        for place, (key, operator, *value) in enumerate(drafts):
            name = f"{path}-f{place}"
            fields[f"{prefix}-node"].append(name)
            fields[f"{prefix}-{name}-filter"] = key
            fields[f"{prefix}-{name}-operator"] = operator
            fields[f"{prefix}-{name}-value"] = value
    return fields
