"""The planner takes the right index also for what has come since it last looked at a table."""

import json
from typing import Any

import pytest
from django.db import connection

from cohorts import imports
from cohorts.models import CohortMembership
from profiles.identity import look_up
from profiles.models import Profile
from tests.worlds.factories import CohortFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db


def plan(statement: str, **values: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("explain " + statement, values)
        return "\n".join(line for (line,) in cursor.fetchall())


def analyse(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"analyze {table}")


def people(count: int) -> list[Profile]:
    workspace = WorkspaceFactory()
    return Profile.objects.bulk_create(
        Profile(workspace=workspace, external_id=f"user-{n}") for n in range(count)
    )


def test_people_of_a_new_workspace_are_found_by_external_id() -> None:
    people(3000)
    analyse("profiles_profile")
    workspace = people(1000)[0].workspace_id
    ids = json.dumps([f"user-{n}" for n in range(1000)])
    told = plan(look_up.statements["by_external_id"], workspace=workspace, external_ids=ids)
    [read] = [line.split("(")[0] for line in told.splitlines() if "on profiles_profile" in line]
    assert read.strip().endswith("using profile_external_id on profiles_profile")


def test_members_of_a_new_cohort_are_found_by_person() -> None:
    everyone = people(3000)
    first, second = (CohortFactory(workspace=everyone[0].workspace) for _ in range(2))
    for cohort in (first, second):
        CohortMembership.objects.bulk_create(
            CohortMembership(
                cohort=cohort, profile=person, active=True, entered_at=person.created_at
            )
            for person in everyone
        )
        if cohort == first:
            analyse("cohorts_cohortmembership")
    words = json.dumps({person.pk: False for person in everyone[:1000]})
    told = plan(imports.statements["change_members"], cohort=second.pk, words=words)
    assert "profile_id = (json_each_text.key)::bigint" in told
    assert "membership_changed" not in told
