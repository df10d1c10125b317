"""What rooms enter: the actions on record, and what a key may be allowed."""

from collections.abc import Iterator

import pytest
from django.test import Client

from workspaces import audit, permissions
from workspaces.models import Member

#: As the audit page offers them.
ACTIONS = [
    "Generated Data Import Key",
    "Revealed Data Import Key",
    "Invalidated Data Import Key",
    "Kept Data Import Key",
    "Added REST API key",
    "Revealed REST API key",
    "Removed REST API key",
    "Cleared Cohort",
    "Added Segment",
    "Edited Segment",
    "Archived Segment",
    "Unarchived Segment",
    "Exported Users",
    "User Import Started",
    "Added User List",
    "Deleted User List",
    "Edited User",
    "Merged Users",
    "Deleted User",
    "Deleted Users",
    "Renamed External IDs",
    "Removed External IDs",
    "Added Subscription Group",
    "Edited Subscription Group",
    "Added Campaign",
    "Edited Campaign",
    "Archived Campaign",
    "Unarchived Campaign",
    "Added Canvas",
    "Edited Canvas",
    "Archived Canvas",
    "Unarchived Canvas",
    "Added Connector",
    "Edited Connector",
    "Launched Connector",
    "Paused Connector",
    "Resumed Connector",
    "Retried Connector",
    "Replayed Connector",
    "Sent Test Events",
    "Deleted Connector",
    "Invited Member",
    "Withdrew Invitation",
    "Accepted Invitation",
    "Added Member",
    "Created Sign-in Link",
    "Updated Account Permission",
    "Removed Member",
    "Updated Workspace",
]
#: As the page of a new key offers them.
AREAS = [
    (
        "Users",
        (
            "users.track",
            "users.track.bulk",
            "users.identify",
            "users.alias.new",
            "users.alias.update",
            "users.merge",
            "users.delete",
            "users.external_ids.rename",
            "users.external_ids.remove",
            "users.export.ids",
            "users.export.segment",
        ),
    ),
    ("Segments", ("segments.list", "segments.details", "segments.data_series")),
    ("Campaigns", ("campaigns.list", "campaigns.details", "campaigns.data_series")),
    ("Canvas", ("canvas.list", "canvas.details", "canvas.data_series")),
    ("Custom events", ("events.list", "events.data_series")),
    (
        "Purchases",
        ("purchases.product_list", "purchases.quantity_series", "purchases.revenue_series"),
    ),
    ("Sessions", ("sessions.data_series",)),
    ("Key figures", ("kpi.new_users.data_series", "kpi.dau.data_series", "kpi.mau.data_series")),
    ("Email", ("email.status", "email.unsubscribe", "email.hard_bounces")),
    ("Custom attributes", ("custom_attributes.get",)),
    (
        "Subscription groups",
        ("subscription.status.get", "subscription.status.set", "subscription.groups.get"),
    ),
]


def test_the_audit_page_offers_all_actions_in_order(admin_client: Client, admin: Member) -> None:
    page = admin_client.get("/w/acme/settings/audit/")
    choices = list(page.context["filter"].form.fields["action"].choices)
    assert [label for _action, label in choices] == ["Every action", *ACTIONS]


def test_the_page_of_a_key_offers_all_permissions_in_order(admin_client: Client) -> None:
    form = admin_client.get("/w/acme/settings/api-keys/new/").context["form"]
    offered = [(field.label, [name for name, _ in field.field.choices]) for field in form.areas]
    assert offered == [(label, ["all", *names]) for label, names in AREAS]


@pytest.fixture
def tea() -> Iterator[None]:
    """A room that makes tea, beside those that there are."""
    audit.register("Made tea", place=15)
    audit.register_details(leaves="sort of tea")
    permissions.register("tea.pour", "users.serve")
    permissions.register_area("tea", "Tea", place=15)
    yield
    del audit.ACTIONS["Made tea"], audit.DETAILS["leaves"], permissions.AREAS["tea"]
    permissions.NAMES[-2:] = []


def test_what_a_room_enters_stands_at_its_place(
    tea: None, admin_client: Client, admin: Member
) -> None:
    audit.record(admin.workspace, None, "Made tea", "Acme", leaves="Darjeeling")
    page = admin_client.get("/w/acme/settings/audit/").content.decode()
    assert "<dt>sort of tea</dt><dd>Darjeeling</dd>" in page
    assert audit.actions()[4] == "Made tea"
    areas = {area.label: names for area, names in permissions.by_area().items()}
    assert list(areas)[:2] == ["Users", "Tea"]
    assert (areas["Tea"], areas["Users"][-1]) == (("tea.pour",), "users.serve")
