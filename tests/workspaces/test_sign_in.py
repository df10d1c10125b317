"""Signing in and out, passwords, first steps, theme and language."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.utils import timezone

from tests.worlds.factories import PASSWORD, MemberFactory, UserFactory
from workspaces.models import User


def sign_in(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post("/sign-in/", {"username": email, "password": password})


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.fixture
def user(db: None) -> User:
    return UserFactory(email="ada@example.com")


def test_the_right_password_signs_in(client: Client, user: User) -> None:
    response = sign_in(client, "ada@example.com")
    assert (response.status_code, response.url, signed_in(client)) == (302, "/", True)


def test_capitals_in_the_address_do_not_matter(client: Client, user: User) -> None:
    sign_in(client, "Ada@Example.com")
    assert signed_in(client)


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    client: Client, user: User, email: str
) -> None:
    response = sign_in(client, email, "wrong")
    errors = response.context["form"].non_field_errors()
    assert errors == ["The e-mail address or the password is wrong."]
    assert not signed_in(client)


def test_sign_in_goes_on_to_the_page_that_was_asked_for(client: Client, user: User) -> None:
    data = {"username": user.email, "password": PASSWORD, "next": "/account/password/"}
    assert client.post("/sign-in/", data).url == "/account/password/"


def test_sign_in_never_leads_to_another_host(client: Client, user: User) -> None:
    data = {"username": user.email, "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/sign-in/", data).url == "/"


def test_five_wrong_passwords_lock_out_and_say_for_how_long(client: Client, user: User) -> None:
    statuses = [sign_in(client, user.email, "wrong").status_code for _ in range(5)]
    locked = sign_in(client, user.email)
    assert statuses == [200, 200, 200, 200, 429]
    assert locked.status_code == 429
    assert "Wait 15 minutes, then try again." in locked.content.decode()
    assert not signed_in(client)


def test_spelling_the_address_anew_gives_no_more_guesses(client: Client, user: User) -> None:
    for email in ("ada@example.com", "Ada@example.com", "ADA@example.com", "adA@example.com"):
        sign_in(client, email, "wrong")
    assert sign_in(client, "aDa@example.com", "wrong").status_code == 429


def test_a_lock_out_ends(client: Client, user: User) -> None:
    for _ in range(5):
        sign_in(client, user.email, "wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    sign_in(client, user.email)
    assert signed_in(client)


def test_a_lock_out_is_of_one_address_only(client: Client, user: User) -> None:
    for _ in range(5):
        sign_in(client, user.email, "wrong")
    sign_in(client, UserFactory().email)
    assert signed_in(client)


def test_signing_in_forgets_the_failures_before(client: Client, user: User) -> None:
    for _ in range(2):
        for _ in range(4):
            sign_in(client, user.email, "wrong")
        sign_in(client, user.email)
        assert signed_in(client)
        client.logout()


def test_the_operator_pages_lock_out_too(client: Client, user: User) -> None:
    data = {"username": user.email, "password": "wrong"}
    assert [client.post("/admin/login/", data).status_code for _ in range(5)][-1] == 429


def test_signing_out_takes_a_post(client: Client, user: User) -> None:
    sign_in(client, user.email)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").url == "/sign-in/"
    assert not signed_in(client)


def test_a_password_is_changed(client: Client, user: User) -> None:
    sign_in(client, user.email)
    new = "staple battery horse"
    data = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client.post("/account/password/", data).url == "/"
    client.logout()
    sign_in(client, user.email, new)
    assert signed_in(client)


def test_a_new_password_may_not_be_a_common_one(client: Client, user: User) -> None:
    sign_in(client, user.email)
    data = {"old_password": PASSWORD, "new_password1": "password1", "new_password2": "password1"}
    response = client.post("/account/password/", data)
    assert response.context["form"].errors == {"new_password2": ["This password is too common."]}


def test_home_leads_to_the_first_workspace(client: Client, user: User) -> None:
    for name in ("Zebra", "Acme"):
        MemberFactory(user=user, workspace__name=name, workspace__slug=name.lower())
    sign_in(client, user.email)
    assert client.get("/").url == "/w/acme/"


def test_home_tells_whoever_has_no_workspace_what_to_do(client: Client, user: User) -> None:
    sign_in(client, user.email)
    page = client.get("/").content.decode()
    assert "you are not a member of any workspace" in page
    assert "/admin/" not in page


def test_home_shows_an_operator_the_way(client: Client, db: None) -> None:
    operator = User.objects.create_superuser("op@example.com", PASSWORD)
    sign_in(client, operator.email)
    assert 'href="/admin/"' in client.get("/").content.decode()


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_a_theme_is_kept(client: Client, theme: str) -> None:
    response = client.post("/account/appearance/", {"theme": theme, "next": "/sign-in/"})
    assert (response.url, response.cookies["theme"].value) == ("/sign-in/", theme)
    assert f'data-theme="{theme}"' in client.get("/sign-in/").content.decode()


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "javascript:x", ""])
def test_a_theme_never_leads_to_another_host(client: Client, back: str) -> None:
    assert client.post("/account/appearance/", {"theme": "dark", "next": back}).url == "/"


def test_a_theme_that_does_not_exist_is_not_kept(client: Client) -> None:
    response = client.post("/account/appearance/", {"theme": "pink", "next": "/sign-in/"})
    assert response.cookies.get("theme") is None


def test_the_theme_changes_by_post_only(client: Client) -> None:
    assert client.get("/account/appearance/").status_code == 405


def test_the_language_is_switched(client: Client) -> None:
    client.post("/account/language/setlang/", {"language": "fr", "next": "/sign-in/"})
    assert '<html lang="fr"' in client.get("/sign-in/").content.decode()


@pytest.fixture
def strict() -> Client:
    return Client(enforce_csrf_checks=True)


def test_a_form_from_elsewhere_is_refused_in_plain_words(strict: Client, db: None) -> None:
    response = sign_in(strict, "ada@example.com")
    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()


def test_behind_a_proxy_the_client_is_locked_out_and_not_the_proxy(
    user: User, settings: Any
) -> None:
    settings.BEHIND_TLS = True
    for _ in range(5):
        sign_in(Client(headers={"X-Forwarded-For": "192.0.2.1"}), user.email, "wrong")
    locked, free = (Client(headers={"X-Forwarded-For": f"192.0.2.{n}"}) for n in (1, 2))
    assert sign_in(locked, user.email).status_code == 429
    assert sign_in(free, user.email).status_code == 302
