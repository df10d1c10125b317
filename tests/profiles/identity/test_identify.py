"""Anonymous people get a name: by identify and by aliases."""

from typing import Any

import pytest

from profiles.models import Alias, Merge, Profile
from tests.worlds.factories import AliasFactory, ProfileFactory
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db

NO_PRIORITIZATION = (
    "'prioritization' must be an array of 'most_recently_updated', 'least_recently_updated', and "
    "either 'identified' or 'unidentified'"
)


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace)


def alias(name: str, label: str = "crm") -> dict[str, str]:
    return {"alias_name": name, "alias_label": label}


def identify(caller: RestCaller, **arrays: Any) -> Any:
    answer = caller.post("/users/identify", arrays)
    return answer.status_code, answer.json()


def by_alias(external_id: str, name: str = "17", label: str = "crm") -> list[dict[str, Any]]:
    return [{"external_id": external_id, "user_alias": alias(name, label)}]


def by_email(*words: str, email: str = "ada@example.com") -> list[dict[str, Any]]:
    return [{"external_id": "ada", "email": email, "prioritization": list(words)}]


def refused(problem: str, array: str, index: int = 0) -> list[dict[str, Any]]:
    return [{"type": problem, "input_array": array, "index": index}]


def external_ids() -> set[str | None]:
    return set(Profile.objects.values_list("external_id", flat=True))


def anonymous(caller: RestCaller, **known: Any) -> Profile:
    return ProfileFactory(workspace=caller.workspace, external_id=None, **known)


def test_identify_gives_an_anonymous_person_an_external_id(caller: RestCaller) -> None:
    person = anonymous(caller, first_name="Ada")
    AliasFactory(profile=person, label="crm", name="17")
    answer = identify(caller, aliases_to_identify=by_alias("ada"))
    assert answer == (201, {"aliases_processed": 1, "message": "success"})
    assert list(Profile.objects.values_list("pk", "external_id")) == [(person.pk, "ada")]
    assert identify(caller, aliases_to_identify=by_alias("ada")) == answer


def test_identify_merges_into_whoever_has_the_external_id(caller: RestCaller) -> None:
    kept = ProfileFactory(workspace=caller.workspace, external_id="ada", first_name="Ada")
    merged = anonymous(caller, first_name="A.", country="GB")
    AliasFactory(profile=merged, label="crm", name="17")
    answer = identify(caller, aliases_to_identify=by_alias("ada"))
    assert answer == (201, {"aliases_processed": 1, "message": "success"})
    person = Profile.objects.get()
    assert (person.pk, person.first_name, person.country) == (kept.pk, "Ada", "GB")
    assert list(person.aliases.values_list("name", flat=True)) == ["17"]
    assert list(Merge.objects.values_list("merged_id", "kept")) == [(merged.pk, kept.pk)]


def test_identify_does_not_merge_where_both_have_an_alias_of_one_label(caller: RestCaller) -> None:
    AliasFactory(profile__workspace=caller.workspace, profile__external_id="ada", label="crm")
    AliasFactory(profile=anonymous(caller), label="crm", name="17")
    answer = identify(caller, aliases_to_identify=by_alias("ada"))
    problem = "the identified user has an alias with the same alias_label"
    assert answer[1] == {
        "aliases_processed": 0,
        "message": "success",
        "errors": refused(problem, "aliases_to_identify"),
    }
    assert external_ids() == {"ada", None}


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        (by_alias("eve")[0], "the user has another external_id already"),
        (by_alias("ada", "18")[0], "no one user is found by this identifier"),
        ("ada", "an item and its user_alias must each be an object"),
        (
            {"external_id": "ada", "user_alias": "17"},
            "an item and its user_alias must each be an object",
        ),
        ({"user_alias": alias("17")}, "external_id must be a non-empty string"),
        (by_alias("a\0")[0], "external_id must be a non-empty string"),
        (by_alias("\ud800")[0], "external_id must be a non-empty string"),
        (by_alias("é" * 499)[0], "external_id must have at most 997 bytes"),
        (by_alias("ada", "")[0], "alias_name must be a non-empty string"),
        (
            {"external_id": "ada", "user_alias": {"alias_name": "17"}},
            "alias_label must be a non-empty string",
        ),
    ],
)
def test_identify_tells_what_is_wrong_with_an_item(
    caller: RestCaller, item: Any, problem: str
) -> None:
    AliasFactory(
        profile__workspace=caller.workspace, profile__external_id="bob", label="crm", name="17"
    )
    AliasFactory(profile=anonymous(caller), label="crm", name="good")
    items = [item, *by_alias("new", "good")]
    status, answer = identify(caller, aliases_to_identify=items)
    assert (status, answer["aliases_processed"]) == (201, 1)
    assert answer["errors"] == refused(problem, "aliases_to_identify")
    assert external_ids() == {"bob", "new"}


# Each person is written by a transaction of its own: that is what is newer and older here.
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["unidentified"], None),
        (["identified"], "known"),
        (["unidentified", "most_recently_updated"], "newer"),
        (["unidentified", "least_recently_updated"], "older"),
        (["most_recently_updated"], "newer"),
        (["least_recently_updated", "identified"], None),
        ([], None),
    ],
)
def test_prioritization_chooses_among_those_who_share_an_address(
    caller: RestCaller, words: list[str], named: str | None
) -> None:
    shared = {"workspace": caller.workspace, "email": "ada@example.com"}
    people = {
        "newer": ProfileFactory(**shared, external_id=None),
        "older": ProfileFactory(**shared, external_id=None),
        "known": ProfileFactory(**shared, external_id="bob"),
    }
    Profile.objects.filter(pk=people["newer"].pk).update(first_name="Ada")
    answer = caller.post(
        "/users/delete",
        {"email_addresses": [{"email": "ADA@example.com", "prioritization": words}]},
    )
    gone = {name for name, person in people.items() if not Profile.objects.filter(pk=person.pk)}
    assert answer.json() == {"deleted": int(named is not None), "message": "success"}
    assert gone == ({named} if named else set())


def test_identify_by_email_and_phone(caller: RestCaller) -> None:
    anonymous(caller, email="ada@example.com")
    anonymous(caller, phone="+15551234567")
    phone = {"external_id": "bob", "phone": "+15551234567", "prioritization": ["unidentified"]}
    answer = identify(
        caller,
        emails_to_identify=by_email("unidentified", "most_recently_updated"),
        phone_numbers_to_identify=[phone],
    )
    assert answer == (201, {"aliases_processed": 2, "message": "success"})
    assert external_ids() == {"ada", "bob"}


@pytest.mark.parametrize(
    "words", [None, "identified", ["newest"], [1], [[]], ["identified", "unidentified"]]
)
def test_identify_by_email_insists_on_a_prioritization(caller: RestCaller, words: Any) -> None:
    anonymous(caller, email="ada@example.com")
    item = {"external_id": "ada", "email": "ada@example.com", "prioritization": words}
    answer = identify(caller, emails_to_identify=[item])[1]
    assert answer["errors"] == refused(NO_PRIORITIZATION, "emails_to_identify")
    assert external_ids() == {None}


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (
            "identify",
            {},
            "one of 'aliases_to_identify', 'emails_to_identify', 'phone_numbers_to_identify' is "
            "required",
        ),
        (
            "identify",
            {"aliases_to_identify": None},
            "one of 'aliases_to_identify', 'emails_to_identify', 'phone_numbers_to_identify' is "
            "required",
        ),
        ("identify", {"emails_to_identify": {}}, "'emails_to_identify' must be an array"),
        (
            "identify",
            {"aliases_to_identify": [{}] * 51},
            "The max number of external_ids and aliases per request was exceeded",
        ),
        ("alias/new", {}, "'user_aliases' must be an array"),
        ("alias/new", {"user_aliases": None}, "'user_aliases' must be an array"),
        ("alias/update", {"alias_updates": "x"}, "'alias_updates' must be an array"),
        ("alias/update", [], "Bad Request: the body must be a JSON object"),
        (
            "alias/new",
            {"user_aliases": [{}] * 51},
            "The max number of external_ids and aliases per request was exceeded",
        ),
    ],
)
def test_call_of_another_shape_is_refused_whole(
    caller: RestCaller, path: str, body: Any, message: str
) -> None:
    answer = caller.post(f"/users/{path}", body)
    assert (answer.status_code, answer.json()) == (400, {"message": message})


def test_people_of_another_workspace_are_not_found(caller: RestCaller) -> None:
    AliasFactory(profile__external_id=None, label="crm", name="17")
    ProfileFactory(external_id="ada")
    answer = identify(caller, aliases_to_identify=by_alias("ada"))[1]
    problem = "no one user is found by this identifier"
    assert answer["errors"] == refused(problem, "aliases_to_identify")
    answer = new_alias(caller, {"external_id": "ada"} | alias("18"))
    assert answer["errors"] == refused("no user has this external_id", "user_aliases")


def test_key_without_the_permission_is_denied(workspace: Workspace) -> None:
    caller = rest_caller(workspace, "users.track")
    answer = caller.post("/users/identify", {"aliases_to_identify": []})
    message = "Access Denied: this key lacks the permission users.identify"
    assert (answer.status_code, answer.json()) == (403, {"message": message})
    assert answer["X-RateLimit-Limit"] == "20000"


# Aliases


def new_alias(caller: RestCaller, *items: Any) -> Any:
    answer = caller.post("/users/alias/new", {"user_aliases": items})
    assert answer.status_code == 201
    return answer.json()


def aliases() -> set[tuple[str, str, str | None]]:
    return set(Alias.objects.values_list("label", "name", "profile__external_id"))


def test_alias_is_given_to_a_known_person(caller: RestCaller) -> None:
    ProfileFactory(workspace=caller.workspace, external_id="ada")
    item = {"external_id": "ada"} | alias("17")
    assert new_alias(caller, item) == {"aliases_processed": 1, "message": "success"}
    assert new_alias(caller, item) == {"aliases_processed": 1, "message": "success"}
    assert aliases() == {("crm", "17", "ada")}


def test_alias_without_an_external_id_makes_an_anonymous_person(caller: RestCaller) -> None:
    assert new_alias(caller, alias("17"), alias("17"), alias("18"))["aliases_processed"] == 3
    assert aliases() == {("crm", "17", None), ("crm", "18", None)}
    assert Profile.objects.anonymous().count() == 2


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ({"external_id": "eve"} | alias("18"), "no user has this external_id"),
        ({"external_id": 1} | alias("18"), "external_id must be a non-empty string"),
        ({"external_id": "bob"} | alias("17"), "another user has this alias"),
        (
            {"external_id": "ada"} | alias("18"),
            "the user has another alias with this alias_label",
        ),
    ],
)
def test_alias_that_cannot_be_given_is_refused(caller: RestCaller, item: Any, problem: str) -> None:
    ada = ProfileFactory(workspace=caller.workspace, external_id="ada")
    AliasFactory(profile=ada, label="crm", name="17")
    ProfileFactory(workspace=caller.workspace, external_id="bob")
    answer = new_alias(caller, item)
    assert (answer["aliases_processed"], answer["errors"]) == (0, refused(problem, "user_aliases"))
    assert aliases() == {("crm", "17", "ada")}


def update(caller: RestCaller, old: Any, new: Any) -> Any:
    item = {"alias_label": "crm", "old_alias_name": old, "new_alias_name": new}
    return caller.post("/users/alias/update", {"alias_updates": [item]}).json()


def test_alias_is_renamed(caller: RestCaller) -> None:
    AliasFactory(
        profile__workspace=caller.workspace, profile__external_id="a", label="crm", name="1"
    )
    assert update(caller, "1", "2") == {"aliases_processed": 1, "message": "success"}
    assert update(caller, "2", "2") == {"aliases_processed": 1, "message": "success"}
    assert aliases() == {("crm", "2", "a")}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("3", "4", "no user has this alias"),
        ("1", "2", "a user has the new alias already"),
        ("1", None, "new_alias_name must be a non-empty string"),
    ],
)
def test_alias_that_cannot_be_renamed_stays(
    caller: RestCaller, old: str, new: Any, problem: str
) -> None:
    for name in ("1", "2"):
        AliasFactory(
            profile__workspace=caller.workspace, profile__external_id=name, label="crm", name=name
        )
    assert update(caller, old, new)["errors"] == refused(problem, "alias_updates")
    assert aliases() == {("crm", "1", "1"), ("crm", "2", "2")}
