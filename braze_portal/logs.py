"""How a log line is written: as text or as JSON, with the id of the request, and never forged.

A line of text is one record: what could begin another is escaped, and the lines of a traceback are
indented. Tokens of links are masked, whoever logs their path.
"""

import json
import logging
import os
import re
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

#: The id of the request under way; empty outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="")

#: The paths behind which a token stands: who reads it could use it. The last is of links that
#: earlier releases made.
SECRET_PATHS = ("/account/invitation/", "/users/export/files/", "/account/welcome/")
_SECRET = re.compile(f"({'|'.join(SECRET_PATHS)})[^\\s\"'?]+")
# Controls, what Unicode takes for the end of a line or a change of direction, lone surrogates.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def masked(text: str) -> str:
    """Return ``text`` without the tokens of links."""
    return _SECRET.sub(r"\1***", text)


def escaped(text: str) -> str:
    """Return ``text`` on one line, whatever it holds."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class Line(logging.Formatter):
    """One record as text."""

    def format(self, record: logging.LogRecord) -> str:
        about = getattr(record, "access", None)
        told = _access(about) if about else escaped(masked(record.getMessage()))
        names = () if about else (record.levelname, record.name)
        line = " ".join(filter(None, (_time(record), *names, told, request_id.get())))
        return "\n    ".join([line, *map(escaped, _trace(record))])


class Json(logging.Formatter):
    """One record as a JSON object on a line."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": masked(record.getMessage()),
            "request_id": request_id.get() or None,
            **getattr(record, "access", {}),
        }
        if trace := _trace(record):
            fields["exception"] = "\n".join(trace)
        return json.dumps({name: value for name, value in fields.items() if value is not None})


def configuration(*, form: str, level: str, access: bool) -> dict[str, Any]:
    """Return Django's ``LOGGING``: in the ``form`` "json" or "line", requests too on ``access``."""
    formatter = {"()": Json if form == "json" else Line}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"portal": formatter},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "portal"},
            "access": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "portal",
            },
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # It warns of every pipeline that a failed statement breaks off; the failure itself is
            # raised.
            "psycopg": {"level": "ERROR"},
            "psycopg.pool": {"level": "WARNING"},
            # It warns whenever a request waits for a thread.
            "waitress.queue": {"level": "ERROR"},
            "access": {
                "handlers": ["access"],
                "level": "INFO" if access else "CRITICAL",
                "propagate": False,
            },
        },
    }


def told(name: str, what: str) -> str:
    """Return what a command says on its terminal: plain, or a record where logs are JSON."""
    if os.environ.get("LOG_FORMAT") != "json":
        return f"{name}: {what}"
    values = {"name": name, "msg": what, "levelno": logging.WARNING, "levelname": "WARNING"}
    return Json().format(logging.makeLogRecord(values))


def _access(about: dict[str, Any]) -> str:
    return '{address} "{method} {path}" {status} {bytes} {ms}ms'.format(**about)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _trace(record: logging.LogRecord) -> list[str]:
    """The lines of the traceback, each without a line break."""
    # Anybody may call by a wrong name, as often as they like; where that was said is no news.
    if not record.exc_info or record.name == "django.security.DisallowedHost":
        return []
    return masked("".join(traceback.format_exception(*record.exc_info))).rstrip().split("\n")
