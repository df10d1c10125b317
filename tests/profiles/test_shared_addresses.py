"""People who share an address: every door means the same one of them."""

from typing import Any

import pytest
from django.test import Client

from profiles.models import Profile
from tests.worlds.csv_uploads import imported
from tests.worlds.factories import ProfileFactory
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import Workspace

ADDRESSES = {"email": "ann@example.com", "phone": "+15551234567"}
#: The calls that take a person by an address, with the array and the word for the address in each.
DELETE = {"email": "email_addresses", "phone": "phone_numbers"}
IDENTIFY = {"email": "emails_to_identify", "phone": "phone_numbers_to_identify"}


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace)


# A test without transactions of its own is one transaction: it wrote all of them, and it alone.
@pytest.fixture(params=ADDRESSES)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def address(kind: str) -> str:
    return ADDRESSES[kind]


@pytest.fixture
def people(workspace: Workspace, kind: str, address: str) -> list[Profile]:
    """Three anonymous people who share the address, in the order of their ids."""
    shared = {"workspace": workspace, "external_id": None, kind: address}
    made = [ProfileFactory(**shared) for _ in range(3)]
    assert len(set(Profile.objects.values_list("changed", flat=True))) == 1
    return made


def named(**columns: Any) -> list[int]:
    return list(Profile.objects.filter(**columns).values_list("pk", flat=True))


def test_track_means_the_last_one(
    caller: RestCaller, people: list[Profile], kind: str, address: str
) -> None:
    caller.post("/users/track", {"attributes": [{kind: address, "first_name": "Ann"}]})
    assert named(first_name="Ann") == [people[-1].pk]


def test_an_import_means_the_last_one(
    marketer_client: Client, people: list[Profile], kind: str, address: str
) -> None:
    imported(marketer_client, f"{kind},first_name\n{address},Ann\n")
    assert named(first_name="Ann") == [people[-1].pk]


def test_an_identified_one_comes_first_at_both_doors(
    marketer_client: Client, caller: RestCaller, people: list[Profile], kind: str, address: str
) -> None:
    Profile.objects.filter(pk=people[1].pk).update(external_id="ann")
    caller.post("/users/track", {"attributes": [{kind: address, "first_name": "Ann"}]})
    imported(marketer_client, f"{kind},last_name\n{address},Lee\n")
    assert named(first_name="Ann") == named(last_name="Lee") == [people[1].pk]


@pytest.mark.parametrize(
    ("word", "place"), [("most_recently_updated", -1), ("least_recently_updated", 0)]
)
def test_a_prioritization_means_an_end_of_the_same_order(
    caller: RestCaller, people: list[Profile], kind: str, address: str, word: str, place: int
) -> None:
    item = {kind: address, "prioritization": ["unidentified", word]}
    caller.post("/users/identify", {IDENTIFY[kind]: [item | {"external_id": "ann"}]})
    assert named(external_id="ann") == [people[place].pk]
    del people[place]
    caller.post("/users/delete", {DELETE[kind]: [item]})
    assert not Profile.objects.filter(pk=people[place].pk).exists()
