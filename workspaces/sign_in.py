"""How sign-in is guarded against guessing. Both functions are named in the settings' AXES_ part."""

import math
from typing import Any

from axes.helpers import get_cool_off
from django.http import HttpRequest

from workspaces.sign_in_names import MOST_CHARACTERS, comparable


def guarded_name(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Return the name that failures are counted under.

    It is compared as sign-in compares it: else every spelling of an address would have guesses of
    its own. Nobody has a name that is longer than what is kept of it.
    """
    name = (credentials or request.POST).get("username") or ""
    return comparable(str(name))[:MOST_CHARACTERS]


def cool_off_minutes(request: HttpRequest) -> int:
    """Return how many minutes to wait after too many failures. Every failure starts them anew."""
    cool_off = get_cool_off(request)
    return math.ceil(cool_off.total_seconds() / 60) if cool_off else 0
