"""What only pages need of Django's middleware: calls of the REST API pass it by.

They come with a key, and have no session, no user and no language. To look for these takes a tenth
of a small call's time.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render
from django.utils import translation

from lib.transactions import is_locked
from rest.bodies import UNREAD_BODY
from rest.errors import REST_PATHS
from workspaces.passwords import TooManyPasswords

#: A form with more fields is not offered to be sent again: one goes back to it.
MOST_FIELDS_SENT_AGAIN = 500


class ForPages:
    """Goes before a middleware that is passed by."""

    get_response: Callable[[HttpRequest], Any]

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(REST_PATHS):
            return self.answer(request)
        return super().__call__(request)  # type: ignore[misc]

    def answer(self, request: HttpRequest) -> Any:
        """Answer a call of the REST API."""
        return self.get_response(request)


class Sessions(ForPages, SessionMiddleware):
    pass


class Languages(ForPages, LocaleMiddleware):
    def answer(self, request: HttpRequest) -> Any:
        # The thread may still speak that of the page before.
        translation.activate(settings.LANGUAGE_CODE)
        return self.get_response(request)


class Refusals:
    """Says on a page why the portal did not do what it was asked: too large, or too often."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        # The calls of the REST API say it themselves.
        if request.META.get(UNREAD_BODY) and not request.path_info.startswith(REST_PATHS):
            return render(request, "413.html", status=413)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, TooManyPasswords):
            return render(request, "registration/busy.html", status=429)
        return None


class Users(ForPages, AuthenticationMiddleware):
    pass


class Messages(ForPages, MessageMiddleware):
    pass


class Locked:
    """Says of a page that others hold what it was to write, and offers to try again."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if request.path_info.startswith(REST_PATHS) or not is_locked(exception):
            return None
        return render(request, "423.html", {"fields": _sent_again(request)}, status=423)


def _sent_again(request: HttpRequest) -> list[tuple[str, str]] | None:
    """Return the fields with which the form can be sent again; None where it has to be filled in
    again: it held a file or a password, or is large.
    """
    fields = [(name, text) for name, texts in request.POST.lists() for text in texts]
    is_secret = any("password" in name for name, _text in fields)
    if request.FILES or is_secret or len(fields) > MOST_FIELDS_SENT_AGAIN:
        return None
    return [field for field in fields if field[0] != "csrfmiddlewaretoken"]
