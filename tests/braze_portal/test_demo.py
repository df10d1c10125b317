"""The demo's sync, sent to the live API, and what the ledger says of it."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from braze_portal.demo import Chapter, SyncRefused, sizes, sync
from cohorts.models import Cohort, CohortImport, Partner
from cohorts.provisioning import Secrets, provision
from profiles.fake.seeding import seed_people
from profiles.models import Profile
from workspaces.models import Workspace
from workspaces.opening import open_workspace

pytestmark = pytest.mark.django_db(transaction=True)

USERS = 600


@pytest.fixture
def demo() -> Workspace:
    workspace = open_workspace("demo")
    seed_people(workspace, USERS)
    return workspace


@pytest.fixture
def secrets(demo: Workspace) -> Secrets:
    # A test with transactions of its own finds the seeded partners gone.
    partner, _ = Partner.objects.get_or_create(slug="heap", defaults={"name": "Heap"})
    return provision(demo, partner)


def told(chapters: list[Chapter]) -> dict[tuple[str, str], dict[str, int]]:
    return {
        (chapter.cohort, chapter.told): {k: n for k, n in chapter.counts.items() if n}
        for chapter in chapters
    }


def test_sync_is_counted_in_the_ledger(live_server: Any, demo: Workspace, secrets: Secrets) -> None:
    chapters = told(sync(live_server.url, secrets, demo, USERS))
    aliases = chapters.pop(("Activated this week", "people by their CRM alias"))
    assert chapters == {
        ("Trial drop-offs", "first sync, everybody in it"): {"asked": 100, "added": 100},
        ("Trial drop-offs", "visitors, by their devices"): {"asked": 15, "added": 15},
        ("Trial drop-offs", "people nobody here knows"): {"asked": 40, "unmatched": 40},
        ("Trial drop-offs", "phones of people with an ID"): {"asked": 25, "ignored": 25},
        ("Activated this week", "first sync, everybody in it"): {"asked": 54, "added": 54},
        ("Power users", "first sync, everybody in it"): {"asked": 150, "added": 150},
        ("Power users", "one of these calls again"): {"asked": 150, "unchanged": 150},
        ("Trial drop-offs", "an hour later, in and out"): {
            "asked": 20,
            "added": 10,
            "removed": 10,
        },
    }
    assert aliases["asked"] == aliases["added"] + aliases["unchanged"]


def test_sync_leaves_the_cohorts_it_tells_of(
    live_server: Any, demo: Workspace, secrets: Secrets
) -> None:
    before = Profile.objects.count()
    sync(live_server.url, secrets, demo, USERS)
    assert dict(sizes(demo))["Trial drop-offs"] == 115
    assert [name for name, _ in sizes(demo)] == [
        "Activated this week",
        "Power users",
        "Trial drop-offs",
    ]
    assert Profile.objects.count() == before


def test_sync_again_finds_people_where_they_were_left(
    live_server: Any, demo: Workspace, secrets: Secrets
) -> None:
    sync(live_server.url, secrets, demo, USERS)
    before = sizes(demo)
    again = told(sync(live_server.url, secrets, demo, USERS))
    assert sizes(demo) == before
    assert again["Power users", "first sync, everybody in it"] == {"asked": 150, "unchanged": 150}
    assert Cohort.objects.count() == 3


def test_sync_stops_at_a_refusal(live_server: Any, demo: Workspace, secrets: Secrets) -> None:
    with pytest.raises(SyncRefused, match="cohorts was answered 401"):
        sync(live_server.url, Secrets(secrets.partner_api_key, "wrong"), demo, USERS)
    assert CohortImport.objects.count() == 1


def test_demo_says_in_one_line_that_the_port_is_taken(live_server: Any) -> None:
    with pytest.raises(CommandError, match=r"^Cannot listen on 127.0.0.1:\d+: .*$"):
        call_command("demo", host="127.0.0.1", port=live_server.thread.port)
