"""Hashing passwords, which is slow on purpose: so few at a time that everybody else is served."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.http import HttpRequest

from lib.request_addresses import client_address
from lib.tries import Tries

#: So many are hashed at once in a process, and so many more wait. The others are told to come
#: again: whoever waits holds a thread that could answer somebody else.
AT_ONCE = 1
WAITING = 2
WAIT_SECONDS = 5
#: Passwords that may be tried from one address within a minute.
TRIES_A_MINUTE = 30

tries = Tries(TRIES_A_MINUTE)
_places = BoundedSemaphore(AT_ONCE + WAITING)
_turn = BoundedSemaphore(AT_ONCE)


class TooManyPasswords(Exception):
    """A password was not looked at, for too many others are. Answered as 429."""


class PatientHasher(PBKDF2PasswordHasher):
    """Hashes as Django does, when it is its turn. Raises ``TooManyPasswords``."""

    def encode(self, *args: Any, **named: Any) -> str:
        with _a_turn():
            return super().encode(*args, **named)


class CountedTries(BaseBackend):
    """Lets nobody in, but stops an address from trying too many passwords."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        if request is not None and tries.count(client_address(request)):
            raise TooManyPasswords


@contextmanager
def _a_turn() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise TooManyPasswords
    try:
        if not _turn.acquire(timeout=WAIT_SECONDS):
            raise TooManyPasswords
        try:
            yield
        finally:
            _turn.release()
    finally:
        _places.release()
