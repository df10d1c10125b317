"""What is in the portal that is soaked, and what its clients call with. Needs Django."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.management import call_command

from benchmarks.soak.clients import ATTRIBUTE, EVENTS
from benchmarks.worlds.browser import signed_in
from benchmarks.worlds.trees import Leaf, group, leaf
from campaigns.models import Campaign
from cohorts.models import Cohort, Partner
from cohorts.provisioning import provision
from profiles.fake.seeding import seed_people
from profiles.models import AttributeType, CustomAttribute, EventKind, EventName
from segments.models import Segment
from tests.worlds.currents_world import CUSTOM, connect
from tests.worlds.receivers import Receiver
from workspaces.api_keys.keys import generate_api_key
from workspaces.models import Workspace
from workspaces.opening import open_workspace
from workspaces.permissions import all_permissions

WORKSPACE = "acme"
COHORTS = ("cohort-0", "cohort-1")
#: More than an overview counts by rows: its numbers come from bitmaps, too.
USERS = 30_000
CSRF = "a" * 32


@dataclass(frozen=True)
class World:
    workspace: Workspace
    segments: list[Segment]
    campaign: Campaign
    partner: dict[str, str]
    rest_headers: dict[str, str]
    #: The cookies and headers of a marketer's browser.
    browser: dict[str, Any]


def made(receiver: Receiver) -> World:
    """Fill an empty database."""
    call_command("migrate", verbosity=0)
    workspace = open_workspace(WORKSPACE)
    seed_people(workspace, USERS)
    partner = Partner.objects.get(slug="heap")
    secrets = provision(workspace, partner)
    _key, secret = generate_api_key(workspace, name="Soak", permissions=all_permissions())
    segments = _segments(workspace, partner)
    campaign = Campaign.objects.create(workspace=workspace, name="Come back")
    campaign.segments.add(segments[0])
    connect(workspace, receiver, event_types=[CUSTOM], flush_seconds=1)
    cookies = {
        settings.SESSION_COOKIE_NAME: signed_in(workspace),
        settings.CSRF_COOKIE_NAME: CSRF,
    }
    written = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return World(
        workspace,
        segments,
        campaign,
        {"partner_api_key": secrets.partner_api_key, "client_secret": secrets.data_import_key},
        {"Authorization": f"Bearer {secret}"},
        {"headers": {"Cookie": written, "X-CSRFToken": CSRF}},
    )


def _segments(workspace: Workspace, partner: Partner) -> list[Segment]:
    """Make segments over all that the clients change."""
    CustomAttribute.objects.create(workspace=workspace, name=ATTRIBUTE, type=AttributeType.NUMBER)
    EventName.objects.bulk_create(
        EventName(workspace=workspace, kind=EventKind.CUSTOM, name=name) for name in EVENTS
    )
    inside = []
    for cohort_id in COHORTS:
        cohort = Cohort.objects.create(
            workspace=workspace, partner=partner, cohort_id=cohort_id, name=cohort_id
        )
        inside.append(leaf("cohort:heap", "includes_any", str(cohort.pk)))
    french = leaf("country", "any_of", "FR")
    counted = leaf(f"custom_number:{ATTRIBUTE}", "more", 20)
    soaked = leaf(f"custom_event:{EVENTS[0]}", "more", 1)
    dried = leaf(f"custom_event:{EVENTS[1]}", "more", 0)
    trees = {
        "In cohort": _tree(group(inside[0])),
        "In other cohort": _tree(group(inside[1])),
        "In any": _tree(group(*inside, join="any")),
        "French inside": _tree(group(inside[0], french)),
        "Not French": _tree(group(*inside, join="any"), without=group(french, join="any")),
        "Counted": _tree(group(counted)),
        "Soaked twice": _tree(group(soaked)),
        "Dried or inside": _tree(group(dried, inside[1], join="any")),
        "Everything": _tree(group(counted, soaked, join="any"), group(french, dried, join="any")),
    }
    return [
        Segment.objects.create(workspace=workspace, name=name, tree=tree)
        for name, tree in trees.items()
    ]


def _tree(*groups: dict[str, Any], without: dict[str, Any] | None = None) -> Leaf:
    return {"join": "all", "groups": list(groups), "exclusions": [without] if without else []}
