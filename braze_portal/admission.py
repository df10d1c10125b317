"""How large a body may be, by what the head of a request says of its sender.

The web server asks before it reads more than anybody may send: see ``braze_portal.web``.
"""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import close_old_connections
from django.http import parse_cookie

from braze_portal.web.limits import FREE_BODY_BYTES
from braze_portal.web.requests import Grant
from rest.errors import REST_PATHS
from workspaces.api_keys import keys

#: A partner's keys come in the body.
PARTNERS = "/partners/"
#: A file that somebody uploads, with what stands around it in the form.
UPLOAD_BYTES = 501 * 2**20
NOTHING = Grant(FREE_BODY_BYTES)


def grant(environ: dict[str, Any]) -> Grant:
    """Tell how large the body of the request ``environ`` may be. Raises what the database does."""
    try:
        path = environ["PATH_INFO"]
        if path.startswith(PARTNERS):
            return Grant(settings.REST_BODY_BYTES)
        return _by_key(environ) if path.startswith(REST_PATHS) else _by_session(environ)
    finally:
        close_old_connections()


def _by_key(environ: dict[str, Any]) -> Grant:
    scheme, _space, secret = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if not scheme:
        # Older clients send the key in the body.
        return Grant(settings.REST_BODY_BYTES)
    if scheme.lower() == "bearer" and keys.find(secret.strip()):
        return Grant(settings.REST_LARGEST_BODY_BYTES, is_known=True)
    return NOTHING


def _by_session(environ: dict[str, Any]) -> Grant:
    key = parse_cookie(environ.get("HTTP_COOKIE", "")).get(settings.SESSION_COOKIE_NAME)
    store = import_module(settings.SESSION_ENGINE).SessionStore
    if not key or store(key).get(SESSION_KEY) is None:
        return NOTHING
    is_form = environ.get("CONTENT_TYPE", "").startswith("multipart/form-data")
    most = UPLOAD_BYTES if is_form else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return Grant(most, is_known=True)
