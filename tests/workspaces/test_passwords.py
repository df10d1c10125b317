"""How many passwords are tried and hashed at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.conf import settings as portal_settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, make_password
from django.test import Client

from tests.worlds.factories import UserFactory
from workspaces import passwords

HASHERS = portal_settings.PASSWORD_HASHERS
WRONG = {"username": "nobody@example.com", "password": "wrong"}


@pytest.fixture
def slow_hashes(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Event:
    """Hashing takes until the event is set, as the real one takes its half second."""
    settings.PASSWORD_HASHERS = HASHERS
    go_on = Event()

    def encode(*args: Any, **named: Any) -> str:
        go_on.wait(10)
        return "pbkdf2_sha256$1$salt$hash"

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", encode)
    return go_on


def test_a_hash_of_before_still_opens(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    kept = make_password("secret")
    settings.PASSWORD_HASHERS = HASHERS
    assert check_password("secret", kept)


def test_whoever_finds_too_many_waiting_is_sent_away_at_once(slow_hashes: Event) -> None:
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(make_password, "secret") for _ in range(3)]
        time.sleep(0.2)
        with pytest.raises(passwords.TooManyPasswords):
            make_password("secret")
        slow_hashes.set()
        assert [each.result()[:6] for each in waiting] == ["pbkdf2"] * 3
    assert make_password("secret")


def test_nobody_waits_for_ever(slow_hashes: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(make_password, "secret")
        time.sleep(0.1)
        with pytest.raises(passwords.TooManyPasswords):
            make_password("secret")
        slow_hashes.set()
        assert first.result()


def test_an_address_has_so_many_tries_a_minute(client: Client, db: None) -> None:
    user = UserFactory(email="ada@example.com")
    for number in range(passwords.TRIES_A_MINUTE):
        client.post("/sign-in/", WRONG | {"username": f"nobody{number}@example.com"})
    answer = client.post("/sign-in/", WRONG | {"username": user.email})
    assert answer.status_code == 429
    assert "Too many passwords are being tried right now" in answer.content.decode()
    elsewhere = client.post("/sign-in/", WRONG, REMOTE_ADDR="192.0.2.9")
    assert elsewhere.status_code == 200


def test_tries_are_counted_anew_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords.tries, "seconds", 0.05)
    passwords.tries.forget()
    for _ in range(passwords.TRIES_A_MINUTE):
        assert not passwords.tries.count("192.0.2.9")
    assert passwords.tries.count("192.0.2.9")
    time.sleep(0.1)
    assert not passwords.tries.count("192.0.2.9")
