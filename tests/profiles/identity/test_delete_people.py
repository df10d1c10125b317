"""Deleted people are gone at once: from every cohort, list, segment, sample and file."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from profiles.events import NewEvent, record_events
from profiles.identity import deleting
from profiles.models import EventKind, GroupSubscription, Profile, PushToken, SubscriptionGroup
from segments.audiences.people import people_of, sample
from segments.exports import csv_file, jobs
from segments.models import SegmentExport
from tests.segments.audiences.test_segment_audiences import in_another_connection
from tests.segments.test_segment_sizes import FRENCH_TREE
from tests.worlds.factories import AliasFactory, DeviceFactory, ProfileFactory, SegmentFactory
from tests.worlds.merged_world import World
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(workspace: Workspace) -> World:
    return World(workspace)


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace)


def person_with_everything(world: World) -> Profile:
    """Make somebody with a row in every table that holds rows about people."""
    person, workspace = world.frenchwoman(None), world.workspace
    AliasFactory(profile=person)
    DeviceFactory(profile=person)
    PushToken.objects.create(profile=person, workspace=workspace, app_id="a", token=person.braze_id)
    person.former_external_ids.create(workspace=workspace, external_id=person.braze_id)
    person.merges.create(workspace=workspace, merged_id=0)
    group, _ = SubscriptionGroup.objects.get_or_create(workspace=workspace, name="News")
    GroupSubscription.objects.create(
        group=group, profile=person, workspace=workspace, subscribed=True
    )
    record_events(workspace, [NewEvent(person.pk, EventKind.CUSTOM, "a", timezone.now())])
    return person


def rows_about_people() -> dict[str, int]:
    """Return how many rows each table has that refers to people."""
    tables = (relation.related_model for relation in Profile._meta.related_objects)
    return {table._meta.label: table._base_manager.count() for table in tables}


def test_nothing_is_left_of_a_deleted_person(world: World) -> None:
    gone, stays = person_with_everything(world), person_with_everything(world)
    before = rows_about_people()
    assert before["profiles.Event"] == before["cohorts.CohortMembership"] == 2
    assert deleting.delete_people(world.workspace, [gone.pk, 0]) == 1
    assert rows_about_people() == {table: rows / 2 for table, rows in before.items()}
    assert Profile.objects.get() == stays


def test_deleting_three_takes_as_many_statements_as_one(world: World) -> None:
    def statements(number: int) -> int:
        ids = [person_with_everything(world).pk for _ in range(number)]
        with CaptureQueriesContext(connection) as queries:
            assert deleting.delete_people(world.workspace, ids) == number
        return len(queries)

    assert statements(3) == statements(1)


def test_people_of_another_workspace_stay(world: World) -> None:
    stranger = ProfileFactory()
    assert deleting.delete_people(world.workspace, [stranger.pk]) == 0
    assert Profile.objects.get() == stranger


@pytest.mark.django_db(transaction=True)
def test_deleted_person_vanishes_from_warm_audiences_at_once(world: World) -> None:
    gone, stays = world.frenchwoman("a"), world.frenchwoman("b")
    assert world.audiences() == dict.fromkeys(world.trees, {gone.pk, stays.pk})
    with people_of(world.workspace) as before:
        everyone = before.everyone()
        in_another_connection(deleting.delete_people, workspace=world.workspace, ids=[gone.pk])
        # Somebody who began to read before goes on seeing what was there.
        assert world.audiences(before) == dict.fromkeys(world.trees, {gone.pk, stays.pk})
    assert world.audiences() == dict.fromkeys(world.trees, {stays.pk})
    assert sample(everyone) == [stays]
    assert world.cohort.memberships.filter(active=True).count() == 1


def test_deleted_person_is_in_no_file(world: World, caller: RestCaller) -> None:
    segment = SegmentFactory(workspace=world.workspace, tree=FRENCH_TREE)
    world.frenchwoman("a"), world.frenchwoman("b")
    with people_of(world.workspace) as people:
        assert len(people.segment(segment.pk)) == 2
    caller.post("/users/delete", {"external_ids": ["a"]})
    export = SegmentExport.objects.create(segment=segment, columns=["user_id"])
    csv_file.write_export(export.pk)
    assert jobs.file_of(export).read_text().split()[1:] == ["b"]


# The call


def delete(caller: RestCaller, **arrays: Any) -> Any:
    answer = caller.post("/users/delete", arrays)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("array", "item"),
    [
        ("external_ids", "ada"),
        ("external_ids", "former"),
        ("user_aliases", {"alias_label": "crm", "alias_name": "17"}),
        ("braze_ids", "ABCDEF123456ABCDEF123456"),
        ("email_addresses", "ada@example.com"),
        ("email_addresses", {"email": "ada@example.com", "prioritization": ["identified"]}),
        ("phone_numbers", "+15551234567"),
        ("phone_numbers", {"phone": "+15551234567", "prioritization": []}),
    ],
)
def test_people_are_deleted_by_any_identifier(caller: RestCaller, array: str, item: Any) -> None:
    ada = ProfileFactory(
        workspace=caller.workspace,
        external_id="ada",
        braze_id="abcdef123456abcdef123456",
        email="ada@example.com",
        phone="+15551234567",
    )
    AliasFactory(profile=ada, label="crm", name="17")
    ada.former_external_ids.create(workspace=caller.workspace, external_id="former")
    ProfileFactory(workspace=caller.workspace, external_id="bob")
    ProfileFactory(external_id="ada", email=ada.email, phone=ada.phone)
    assert delete(caller, **{array: [item, item]}) == (201, {"deleted": 1, "message": "success"})
    assert not Profile.objects.filter(pk=ada.pk).exists()
    assert Profile.objects.count() == 2


def test_identifiers_of_several_kinds_may_be_mixed(caller: RestCaller) -> None:
    for external_id in ("ada", "bob"):
        ProfileFactory(
            workspace=caller.workspace, external_id=external_id, email=f"{external_id}@example.com"
        )
    answer = delete(caller, external_ids=["ada", "eve"], email_addresses=["bob@example.com"])
    assert answer == (201, {"deleted": 2, "message": "success"})


@pytest.mark.parametrize(
    ("array", "item", "problem"),
    [
        ("external_ids", 1, "each must be a non-empty string"),
        ("external_ids", "a\0", "each must be a non-empty string"),
        ("braze_ids", {}, "each must be a non-empty string"),
        ("user_aliases", "17", "an item and its user_alias must each be an object"),
        ("email_addresses", ["a"], "an item and its user_alias must each be an object"),
        ("phone_numbers", {"phone": "\udfff"}, "phone must be a non-empty string"),
    ],
)
def test_delete_tells_what_is_wrong_with_an_item(
    caller: RestCaller, array: str, item: Any, problem: str
) -> None:
    ProfileFactory(workspace=caller.workspace, external_id="ada")
    arrays: dict[str, list[Any]] = {"external_ids": ["ada"]}
    arrays.setdefault(array, []).append(item)
    index = arrays[array].index(item)
    answer = {
        "deleted": 1,
        "message": "success",
        "errors": [{"type": problem, "input_array": array, "index": index}],
    }
    assert delete(caller, **arrays) == (201, answer)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {},
            "one of 'external_ids', 'user_aliases', 'braze_ids', 'email_addresses', "
            "'phone_numbers' is required",
        ),
        ({"external_ids": "ada"}, "'external_ids' must be an array"),
        ({"external_ids": ["x"] * 51}, "The max number of ids per request was exceeded"),
        (
            {"external_ids": ["x"] * 26, "braze_ids": ["x"] * 25},
            "The max number of ids per request was exceeded",
        ),
    ],
)
def test_delete_of_another_shape_is_refused(caller: RestCaller, body: Any, message: str) -> None:
    assert delete(caller, **body) == (400, {"message": message})
