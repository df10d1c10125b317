"""External ids are renamed; the old ones go on naming their people until they are removed."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from profiles.identity import look_up, merging
from profiles.models import FormerExternalId, Profile
from segments.models import UserList, UserListMember
from tests.segments.test_user_lists import receipt as receipt_of
from tests.segments.test_user_lists import upload
from tests.worlds.csv_uploads import imported
from tests.worlds.factories import ProfileFactory, WorkspaceFactory
from tests.worlds.partner_calls import PartnerCaller, add, members, receipt
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db

TOO_MANY = "The max number of ids per request was exceeded"


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace)


@pytest.fixture
def ada(workspace: Workspace) -> Profile:
    return ProfileFactory(workspace=workspace, external_id="ada")


def rename(caller: RestCaller, *pairs: tuple[Any, Any]) -> Any:
    renames = [{"current_external_id": old, "new_external_id": new} for old, new in pairs]
    answer = caller.post("/users/external_ids/rename", {"external_id_renames": renames})
    assert answer.status_code == 201
    return answer.json()


def remove(caller: RestCaller, *external_ids: Any) -> Any:
    answer = caller.post("/users/external_ids/remove", {"external_ids": external_ids})
    assert answer.status_code == 201
    return answer.json()


def named(workspace: Workspace, *external_ids: str) -> list[int | None]:
    known = look_up.by_external_id(workspace.pk, list(external_ids))
    return [known.get(external_id) for external_id in external_ids]


def test_both_external_ids_name_the_person_after_a_rename(caller: RestCaller, ada: Profile) -> None:
    answer = rename(caller, ("ada", "lovelace"))
    assert answer == {"message": "success", "external_ids": ["lovelace"], "rename_errors": []}
    ada.refresh_from_db()
    assert ada.external_id == "lovelace"
    assert named(caller.workspace, "ada", "lovelace", "eve") == [ada.pk, ada.pk, None]
    assert named(WorkspaceFactory(), "ada", "lovelace") == [None, None]


def test_partner_may_send_the_old_external_id(
    heap: PartnerCaller, caller: RestCaller, ada: Profile
) -> None:
    rename(caller, ("ada", "lovelace"))
    heap.users(add("ada", "eve"))
    assert members() == {"lovelace"}
    assert receipt() == {"asked": 2, "added": 1, "unmatched": 1}


def test_pages_know_the_old_external_id(
    marketer_client: Client, caller: RestCaller, ada: Profile
) -> None:
    rename(caller, ("ada", "lovelace"))
    page = marketer_client.get("/w/acme/users/", {"q": "ada"})
    assert list(page.context["found"]) == [ada]
    upload(marketer_client, "external_id\nada\nlovelace\neve\n")
    assert list(UserListMember.objects.values_list("profile", flat=True)) == [ada.pk]
    assert receipt_of(UserList.objects.get()) == (1, 1, 1, 0)


def test_csv_import_knows_the_old_external_id(
    marketer_client: Client, caller: RestCaller, ada: Profile
) -> None:
    rename(caller, ("ada", "lovelace"))
    imported(marketer_client, "external_id,country\nada,GB\neve,FR\n")
    people = Profile.objects.order_by("pk").values_list("external_id", "country")
    assert list(people) == [("lovelace", "GB"), ("eve", "FR")]


def test_removed_external_id_names_nobody(caller: RestCaller, ada: Profile) -> None:
    rename(caller, ("ada", "a"), ("a", "lovelace"))
    answer = remove(caller, "ada", "lovelace", "eve", "ada", 1)
    assert answer == {
        "message": "success",
        "removed_ids": ["ada"],
        "removal_errors": [
            [1, "this external_id is primary: only deprecated ones can be removed"],
            [2, "this external_id is unknown"],
            [3, "this external_id is unknown"],
            [4, "each must be a non-empty string"],
        ],
    }
    assert named(caller.workspace, "ada", "a", "lovelace") == [None, ada.pk, ada.pk]


def test_removed_external_id_can_be_given_anew(caller: RestCaller, ada: Profile) -> None:
    rename(caller, ("ada", "lovelace"))
    remove(caller, "ada")
    assert rename(caller, ("lovelace", "ada"))["external_ids"] == ["ada"]
    assert named(caller.workspace, "ada", "lovelace") == [ada.pk, ada.pk]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("ada", "ada", "current_external_id and new_external_id are the same"),
        ("bob", "b", "current_external_id is not the primary external_id of a user"),
        ("eve", "e", "current_external_id is not the primary external_id of a user"),
        ("ada", "bobby", "new_external_id is in use"),
        ("ada", "bob", "new_external_id is in use"),
        ("ada", "", "new_external_id must be a non-empty string"),
        ("ada", " ", "new_external_id must be a non-empty string"),
        (1, "a", "current_external_id must be a non-empty string"),
        ("ada", "a\0", "new_external_id must be a non-empty string"),
    ],
)
def test_rename_that_is_refused_changes_nothing(
    caller: RestCaller, ada: Profile, old: Any, new: Any, problem: str
) -> None:
    bob = ProfileFactory(workspace=caller.workspace, external_id="bob")
    rename(caller, ("bob", "bobby"))
    answer = rename(caller, (old, new))
    assert (answer["external_ids"], answer["rename_errors"]) == ([], [[0, problem]])
    assert named(caller.workspace, "ada", "bob", "bobby") == [ada.pk, bob.pk, bob.pk]
    assert FormerExternalId.objects.count() == 1


@pytest.mark.parametrize("path", ["rename", "remove"])
@pytest.mark.parametrize(
    ("items", "problem"),
    [(None, "must be an array"), ("x", "must be an array"), ([], "must not be empty")],
)
def test_call_without_external_ids_is_refused(
    caller: RestCaller, path: str, items: Any, problem: str
) -> None:
    array = {"rename": "external_id_renames", "remove": "external_ids"}[path]
    answer = caller.post(f"/users/external_ids/{path}", {array: items})
    assert (answer.status_code, answer.json()) == (400, {"message": f"'{array}' {problem}"})
    answer = caller.post(f"/users/external_ids/{path}", {array: ["x"] * 51})
    assert (answer.status_code, answer.json()) == (400, {"message": TOO_MANY})
    assert answer["X-RateLimit-Limit"] == "1000"


def test_external_id_that_is_taken_over_brings_the_old_ones(
    caller: RestCaller, ada: Profile
) -> None:
    kept = ProfileFactory(workspace=caller.workspace, external_id=None)
    rename(caller, ("ada", "lovelace"))
    merging.merge(caller.workspace, merged=ada.pk, kept=kept.pk)
    assert named(caller.workspace, "ada", "lovelace") == [kept.pk, kept.pk]


def test_old_external_id_of_a_merged_person_names_nobody(caller: RestCaller, ada: Profile) -> None:
    bob = ProfileFactory(workspace=caller.workspace, external_id="bob")
    rename(caller, ("ada", "lovelace"))
    merging.merge(caller.workspace, merged=ada.pk, kept=bob.pk)
    assert named(caller.workspace, "ada", "lovelace", "bob") == [None, None, bob.pk]


def test_look_up_asks_for_old_external_ids_only_where_there_are_some(
    caller: RestCaller, ada: Profile
) -> None:
    def statements(*external_ids: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            named(caller.workspace, *external_ids)
        return len(queries)

    assert [statements("ada"), statements("ada", "x"), statements("x", "y", "z")] == [1, 1, 1]
    rename(caller, ("ada", "lovelace"))
    assert [statements("lovelace"), statements("ada"), statements("ada", "x", "y")] == [1, 2, 2]
