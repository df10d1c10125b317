"""One line for every request, and an id for it that its answer and all its log lines carry."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from secrets import token_hex
from time import perf_counter
from typing import Any
from urllib.parse import quote

from braze_portal.logs import escaped, masked, request_id
from lib.request_addresses import address_of

log = logging.getLogger("access")

#: An id of the caller's that is taken over; another is replaced.
SANE_ID = re.compile(r"[A-Za-z0-9._~+/=-]{1,128}")
#: What of a longer path is logged.
PATH_CHARACTERS = 2000


def logged(application: Callable[..., Any]) -> Callable[..., Any]:
    """Log every request that ``application`` answers, when its answer has been sent."""

    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        call = Call(environ)
        request_id.set(call.id)

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            call.status = int(status[:3])
            call.length = next((v for k, v in headers if k.lower() == "content-length"), None)
            return start_response(status, [*headers, ("X-Request-ID", call.id)], *exc_info)

        try:
            body = application(environ, start)
        except BaseException:
            call.write()
            raise
        # A server sends a file by itself, and only where it is handed over as it is.
        if isinstance(body, environ.get("wsgi.file_wrapper") or ()):
            call.sent = int(call.length or 0)
            call.write()
            return body
        return _Answer(body, call)

    return wrapped


def path_as_sent(environ: dict[str, Any]) -> str:
    """Return the path of a request as it was sent, percent-encoded, without query and tokens."""
    decoded = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    if (shown := masked(decoded)) != decoded:
        shown = quote(shown, safe="/*")
    else:
        sent = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
        # A proxy's request names the host too, and maybe a password.
        shown = sent.partition("?")[0] if sent.startswith("/") else quote(decoded)
    return escaped(shown).replace('"', "%22")[:PATH_CHARACTERS]


class Call:
    """A request under way, and what is to be said of it."""

    def __init__(self, environ: dict[str, Any]) -> None:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        self.id = given if SANE_ID.fullmatch(given) else token_hex(16)
        self.environ = environ
        self.begun = perf_counter()
        self.status = 500
        self.length: str | None = None
        self.sent = 0

    def write(self) -> None:
        if log.isEnabledFor(logging.INFO):
            # Made by hand: to look for the line of code that logs takes half of the time.
            record = logging.LogRecord(log.name, logging.INFO, "", 0, "request", None, None)
            record.access = self._told()
            log.handle(record)
        request_id.set("")

    def _told(self) -> dict[str, Any]:
        return {
            "address": address_of(self.environ) or "-",
            "method": escaped(self.environ["REQUEST_METHOD"]),
            "path": path_as_sent(self.environ),
            "status": self.status,
            "bytes": self.sent,
            "ms": round((perf_counter() - self.begun) * 1000, 1),
        }


class _Answer:
    """The body of an answer, counted as it is sent."""

    def __init__(self, body: Any, call: Call) -> None:
        self._body = body
        self._call = call

    def __iter__(self) -> Iterator[bytes]:
        for part in self._body:
            self._call.sent += len(part)
            yield part

    def close(self) -> None:
        try:
            if close := getattr(self._body, "close", None):
                close()
        finally:
            self._call.write()
