"""The planner goes by the keys of people also in a workspace that it has not seen yet."""

import json
from typing import Any

import pytest

from profiles.identity import look_up
from profiles.models import Profile
from profiles.track import writing
from tests.cohorts.test_import_plans import analyse, plan
from tests.worlds.factories import WorkspaceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def newcomers() -> list[Profile]:
    """People of a workspace that has come since the table was analysed."""

    def made(count: int) -> list[Profile]:
        workspace = WorkspaceFactory()
        return Profile.objects.bulk_create(
            Profile(workspace=workspace, external_id=f"user-{n}", email=f"{n}@example.com")
            for n in range(count)
        )

    made(3000)
    analyse("profiles_profile")
    return made(1000)


def index(told: str) -> str:
    """Return by which index the people are read."""
    [line] = [line for line in told.splitlines() if "using profile" in line]
    return line.split("using ")[1].split(" on ")[0]


@pytest.mark.parametrize("statement", ["hold", "change"])
def test_people_are_held_and_changed_by_their_ids(newcomers: list[Profile], statement: str) -> None:
    ids = [person.pk for person in newcomers[:75]]
    values: dict[str, Any] = {
        "ids": json.dumps(ids),
        "people": json.dumps([{"id": pk, "put": {"x": 1}, "gone": []} for pk in ids]),
        "types": "{}",
        "lock_timeout": "3s",
    }
    told = plan(writing.statements[statement], workspace=newcomers[0].workspace_id, **values)
    assert index(told) == "profiles_profile_pkey"


def test_people_are_found_by_email(newcomers: list[Profile]) -> None:
    emails = json.dumps([person.email for person in newcomers[:75]])
    told = plan(look_up.statements["by_email"], workspace=newcomers[0].workspace_id, emails=emails)
    assert "Index Scan" in told
    assert "profile_email" in told
