"""One name, however it is spelled: for sign-in, lock-out, uniqueness and operators."""

import pytest
from axes.models import AccessAttempt
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.worlds.factories import PASSWORD, UserFactory
from workspaces.models import User
from workspaces.sign_in_names import comparable

ADA = "ask@example.com"
#: Other ways to write it: capitals, full width, long s, the Kelvin sign, spaces.
SPELLINGS = [
    "ASK@Example.com",
    "\uff41sk@example.com",
    "a\u017fk@example.com",
    "as\u212a@example.com",
    " ask@example.com ",
]
#: Letters that upper case takes for those of ``ask@…`` though nobody compares them so.
OTHERS = ["\u0430sk@example.com", "ask@ex\u0430mple.com"]


def sign_in(client: Client, email: str, password: str = PASSWORD) -> int:
    return client.post("/sign-in/", {"username": email, "password": password}).status_code


@given(st.text(max_size=20))
def test_what_is_compared_is_compared_by_itself(text: str) -> None:
    assert comparable(comparable(text)) == comparable(text)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_signs_in(client: Client, db: None, spelling: str) -> None:
    UserFactory(email=ADA)
    assert sign_in(client, spelling) == 302


@pytest.mark.parametrize("other", OTHERS)
def test_another_letter_is_another_name(client: Client, db: None, other: str) -> None:
    UserFactory(email=ADA)
    assert sign_in(client, other) == 200


def test_a_dotless_i_is_not_an_i(client: Client, db: None) -> None:
    UserFactory(email="iris@example.com")
    assert sign_in(client, "\u0131r\u0131s@example.com") == 200


def test_no_spelling_gives_more_guesses(client: Client, db: None) -> None:
    UserFactory(email=ADA)
    assert [sign_in(client, spelling, "wrong") for spelling in SPELLINGS] == [200] * 4 + [429]
    assert AccessAttempt.objects.values_list("username", "failures_since_start").get() == (ADA, 5)


def test_a_name_that_grows_when_it_is_folded_is_only_wrong(client: Client, db: None) -> None:
    assert sign_in(client, "\ufdfa" * 254, "wrong") == 200


@pytest.mark.parametrize("spelling", [SPELLINGS[0], SPELLINGS[2]])
def test_a_name_is_taken_in_every_spelling(db: None, spelling: str) -> None:
    UserFactory(email=ADA)
    with pytest.raises(IntegrityError):
        User.objects.create_user(spelling)


def test_an_operator_is_told_that_a_name_is_taken(db: None) -> None:
    UserFactory(email=ADA)
    with pytest.raises(ValidationError, match="Another user signs in with this address"):
        User(email=ADA.upper(), password="x").full_clean()


@pytest.fixture
def twins(transactional_db: None) -> list[User]:
    """Two users of an earlier release whose addresses differ in capitals only."""
    executor = MigrationExecutor(connection)
    old = executor.migrate([("workspaces", "0003_rest_api_keys")]).apps.get_model(
        "workspaces", "User"
    )
    makes = [old.objects.create(email=email, password="!") for email in (ADA, ADA.upper())]
    old.objects.filter(pk=makes[1].pk).update(last_login="2026-01-01T00:00:00Z")
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    return [User.objects.get(pk=each.pk) for each in makes]


def test_of_two_users_of_one_name_the_last_to_sign_in_keeps_it(
    client: Client, twins: list[User]
) -> None:
    assert [user.sign_in_name for user in twins] == [None, ADA]
    for user in twins:
        user.set_password(f"{user.pk} {PASSWORD}")
        user.save()
    assert sign_in(client, ADA, f"{twins[0].pk} {PASSWORD}") == 200
    assert sign_in(client, ADA, f"{twins[1].pk} {PASSWORD}") == 302


def test_the_other_one_signs_in_with_an_address_of_its_own(
    client: Client, twins: list[User]
) -> None:
    first = twins[0]
    first.set_password(PASSWORD)
    first.email = "other@example.com"
    first.full_clean()
    first.save()
    assert sign_in(client, "Other@example.com") == 302
