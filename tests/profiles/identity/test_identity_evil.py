"""Whatever is sent to the calls about identities, the answer is one that is documented."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.models import Profile
from tests.worlds.factories import AliasFactory, ProfileFactory
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db

ARRAYS = {
    "identify": ["aliases_to_identify", "emails_to_identify", "phone_numbers_to_identify"],
    "alias/new": ["user_aliases"],
    "alias/update": ["alias_updates"],
    "merge": ["merge_updates"],
    "delete": [
        "external_ids",
        "user_aliases",
        "braze_ids",
        "email_addresses",
        "phone_numbers",
    ],
    "external_ids/rename": ["external_id_renames"],
    "external_ids/remove": ["external_ids"],
}
KEYS = [
    "external_id",
    "user_alias",
    "alias_label",
    "alias_name",
    "old_alias_name",
    "new_alias_name",
    "email",
    "phone",
    "prioritization",
    "identifier_to_merge",
    "identifier_to_keep",
    "current_external_id",
    "new_external_id",
]
WORDS = [
    "ada",
    "bob",
    "crm",
    "a@b.c",
    "+1555",
    "identified",
    "most_recently_updated",
    "\0",
    "\ud800",
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(float("1e300"))
    | st.text(max_size=3)
    | st.sampled_from([*WORDS, "é" * 600]),
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inside, max_size=4)
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, Any]:
    path = draw(st.sampled_from(sorted(ARRAYS)))
    sent = st.dictionaries(
        st.sampled_from(ARRAYS[path]), st.lists(OBJECTS | VALUES, max_size=3) | VALUES, max_size=3
    )
    return path, draw(sent | VALUES)


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    ada = ProfileFactory(workspace=workspace, external_id="ada", email="a@b.c", phone="+1555")
    AliasFactory(profile=ada, label="crm", name="ada")
    ProfileFactory(workspace=workspace, external_id="bob", email="a@b.c")
    ProfileFactory(external_id="eve", email="a@b.c", phone="+1555")
    return rest_caller(workspace)


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(call=calls())
def test_any_input_is_answered_as_documented(caller: RestCaller, call: tuple[str, Any]) -> None:
    path, body = call
    answer = caller.client.post(
        f"/users/{path}", json.dumps(body), "application/json", headers=caller.authorization
    )
    assert answer.status_code in {201, 202, 400}
    assert answer.json()["message"]
    assert Profile.objects.filter(external_id="eve", email="a@b.c").count() == 1


@pytest.mark.parametrize("path", sorted(ARRAYS))
@pytest.mark.parametrize(
    ("body", "status"),
    [("", 400), ("[]", 400), ("{", 400), ("[" * 10_000, 400), (" " * 1_048_577, 413)],
)
def test_body_that_is_no_object_is_refused(
    caller: RestCaller, path: str, body: str, status: int
) -> None:
    answer = caller.client.post(
        f"/users/{path}", body, "application/json", headers=caller.authorization
    )
    assert (answer.status_code, list(answer.json())) == (status, ["message"])


@pytest.mark.parametrize("path", sorted(ARRAYS))
def test_method_and_key_are_checked(caller: RestCaller, path: str) -> None:
    assert caller.get(f"/users/{path}").status_code == 405
    answer = caller.client.post(f"/users/{path}", {}, "application/json")
    assert answer.status_code == 401
