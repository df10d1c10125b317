"""A marketer's browser: signed in, on a connection kept alive, asking as htmx does."""

import re
import time
from http.cookies import SimpleCookie
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from benchmarks.worlds.portal import Portal, timed
from segments.builder.drafts import as_draft
from segments.filters.judging import checked_leaf
from workspaces.models import Role, User, Workspace
from workspaces.opening import admit

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
#: What stands before a size that is not exact yet, and how often it is asked for again.
ESTIMATED = "≈"
PAUSE = 0.1
PATIENCE = 120


class Browser:
    """A page of ``workspace``, opened by a marketer."""

    def __init__(self, portal: Portal, workspace: Workspace, page: str) -> None:
        self._connection = portal.connect()
        cookie = f"{settings.SESSION_COOKIE_NAME}={signed_in(workspace)}"
        self._connection.request("GET", page, headers={"Cookie": cookie})
        answer = self._connection.getresponse()
        text = answer.read().decode()
        token = TOKEN.search(text)
        if answer.status != 200 or token is None:
            raise SystemExit(f"{page} was answered {answer.status}: {text[:300]!r}")
        csrf = SimpleCookie(answer.headers["Set-Cookie"])[settings.CSRF_COOKIE_NAME].value
        self._headers = {
            "Cookie": f"{cookie}; {settings.CSRF_COOKIE_NAME}={csrf}",
            "X-CSRFToken": token[1],
        }

    def get(self, path: str, *, part: str = "") -> tuple[float, str]:
        """Open a page, or the element ``part`` of it; return the milliseconds and the text."""
        htmx = {"HX-Request": "true", "HX-Target": part} if part else {}
        return timed(self._connection, "GET", path, None, self._headers | htmx, expect=200)

    def post(self, path: str, tree: dict[str, Any]) -> tuple[float, str]:
        """Post the builder's form for ``tree``; return the milliseconds and the new numbers."""
        headers = self._headers | {
            "Content-Type": "application/x-www-form-urlencoded",
            "HX-Request": "true",
        }
        return timed(self._connection, "POST", path, form(tree), headers, expect=200)

    def until_exact(self, path: str, tree: dict[str, Any]) -> tuple[float, float]:
        """Post the form for ``tree`` until no number is an estimate any more.

        Returns the milliseconds until the first answer and until the exact one.
        """
        started = perf_counter()
        first, text = self.post(path, tree)
        while ESTIMATED in text:
            if perf_counter() - started > PATIENCE:
                raise SystemExit(f"{path} was not exact after {PATIENCE} s")
            time.sleep(PAUSE)
            text = self.post(path, tree)[1]
        return first, (perf_counter() - started) * 1000


def form(tree: dict[str, Any]) -> bytes:
    """Write the stored ``tree`` as the builder's form posts it."""
    fields = [("name", ""), ("tree-join", tree["join"])]
    for letter, groups in (("g", tree["groups"]), ("x", tree["exclusions"])):
        for i, group in enumerate(groups):
            path = f"{letter}{i}"
            fields += [("tree-node", path), (f"tree-{path}-join", group["join"])]
            for j, leaf in enumerate(group["filters"]):
                fields += _fields_of(f"{path}-f{j}", leaf)
    return urlencode(fields).encode()


def _fields_of(path: str, leaf: dict[str, Any]) -> list[tuple[str, str]]:
    draft = as_draft(checked_leaf(leaf))
    return [
        ("tree-node", path),
        (f"tree-{path}-filter", draft.key),
        (f"tree-{path}-operator", draft.operator),
        *((f"tree-{path}-value", value) for value in draft.value),
    ]


def signed_in(workspace: Workspace) -> str:
    """Return the key of a session of a marketer of ``workspace``."""
    admit(workspace, "bench@example.com", Role.MARKETER)
    user = User.objects.get(email="bench@example.com")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)
