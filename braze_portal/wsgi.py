"""The WSGI application: what ``braze_portal.web`` serves, and any other server can."""

import io
import os
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from braze_portal import connections
from braze_portal.access_log import logged
from rest.draining import drain

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "braze_portal.settings")


def read_chunked(application: Callable[..., Any]) -> Callable[..., Any]:
    """Give a body that was sent in chunks the length that it turns out to have.

    Django takes a body of undeclared length for an empty one. Of one that is too large only as
    much is kept as shows that it is.
    """

    def wrapped(environ: dict[str, Any], start_response: Any) -> Any:
        if "HTTP_TRANSFER_ENCODING" in environ and not environ.get("CONTENT_LENGTH"):
            most = settings.REST_LARGEST_BODY_BYTES
            body = environ["wsgi.input"].read(most + 1)
            if len(body) > most:
                drain(environ["wsgi.input"])
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return application(environ, start_response)

    return wrapped


# A thread that waits for ever answers nobody: eight of them, and the portal is away.
connections.wait_at_most(settings.IMPORT_LOCK_TIMEOUT)
application = logged(read_chunked(get_wsgi_application()))
