"""The access log and the ids of requests: nothing in them is forged, and no token is."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from braze_portal import logs
from braze_portal.access_log import SANE_ID, logged, path_as_sent
from braze_portal.wsgi import application as portal

type Written = Callable[[], list[str]]
FORGED = 'GET /x" 200 1\n2026-01-01 127.0.0.1 "POST /admin/'


class Log:
    """What is written of one logger."""

    def __init__(self, name: str, formatter: logging.Formatter) -> None:
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)
        self.handler.setFormatter(formatter)
        self.logger = logging.getLogger(name)

    def __enter__(self) -> "Log":
        self.before = self.logger.level
        self.logger.setLevel(logging.INFO)
        self.logger.addHandler(self.handler)
        return self

    def __exit__(self, *raised: object) -> None:
        self.logger.removeHandler(self.handler)
        self.logger.setLevel(self.before)

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture
def access() -> Iterator[Log]:
    with Log("access", logs.Line()) as log:
        yield log


@pytest.fixture
def records() -> Iterator[Log]:
    with Log("access", logs.Json()) as log:
        yield log


def call(
    application: Any, path: str = "/healthz", raw: str | None = None, **environ: Any
) -> tuple[str, dict[str, str], bytes]:
    """Call as a server does: with the path decoded, and as it was sent."""
    full: dict[str, Any] = {"PATH_INFO": path.encode().decode("latin-1"), "HTTP_HOST": "localhost"}
    full |= {"REMOTE_ADDR": "192.0.2.7", **environ}
    if raw is not None:
        full["RAW_URI"] = raw
    setup_testing_defaults(full)
    said: list[Any] = []
    body = application(full, lambda status, headers, *exc: said.extend([status, dict(headers)]))
    try:
        sent = b"".join(body)
        return said[0], said[1], sent
    finally:
        getattr(body, "close", lambda: None)()


def test_a_line_says_who_asked_for_what_and_what_came(access: Log) -> None:
    _status, headers, _body = call(portal, raw="/healthz?secret=words")
    (line,) = access.lines
    assert re.fullmatch(
        r'\S+ 192\.0\.2\.7 "GET /healthz" 200 2 [\d.]+ms ' + headers["X-Request-ID"], line
    )


def test_a_record_says_the_same(records: Log) -> None:
    _status, headers, _body = call(portal, HTTP_X_REQUEST_ID="heap-42")
    record = json.loads(*records.lines)
    told = {name: record[name] for name in ("logger", "level", "method", "path", "status", "bytes")}
    assert told == {
        "logger": "access",
        "level": "INFO",
        "method": "GET",
        "path": "/healthz",
        "status": 200,
        "bytes": 2,
    }
    assert (record["request_id"], headers["X-Request-ID"]) == ("heap-42", "heap-42")


@pytest.mark.parametrize(
    ("path", "raw", "shown"),
    [
        ("/a\n/b", "/a%0A/b", "/a%0A/b"),
        ("/a\n/b", None, "/a%0A/b"),
        ("/é", "/%C3%A9", "/%C3%A9"),
        ('/"', '/"', "/%22"),
        ("/\x1b[2J", "/\x1b[2J", "/\\x1b[2J"),
        ("/\x85\u2028", "/\x85\u2028", "/\\x85\\u2028"),
        ("/x", "http://user:pw@host/x?y", "/x"),
    ],
)
def test_a_path_is_logged_as_it_was_sent(path: str, raw: str | None, shown: str) -> None:
    environ = {"PATH_INFO": path.encode().decode("latin-1")}
    assert path_as_sent(environ | ({"RAW_URI": raw} if raw else {})) == shown


@pytest.mark.parametrize("raw", [None, "/nowhere/GET%20/x%22%20200%201%0A2026-01-01%20x"])
def test_a_path_forges_no_line(access: Log, records: Log, db: None, raw: str | None) -> None:
    call(portal, f"/nowhere/{FORGED}", raw)
    assert len(access.lines) == 1
    assert access.lines[0].count('"') == 2
    assert len(records.lines) == 1


@pytest.mark.parametrize("formatter", [logs.Line(), logs.Json()])
def test_no_message_forges_a_line(formatter: logging.Formatter) -> None:
    with Log("portal.test", formatter) as log:
        log.logger.warning("of %s", FORGED)
    assert len(log.lines) == 1


def test_a_traceback_forges_no_line() -> None:
    with Log("portal.test", logs.Line()) as log:
        try:
            raise ValueError(FORGED)
        except ValueError:
            log.logger.exception("failed")
    head, *rest = log.lines
    assert head.endswith("ERROR portal.test failed")
    assert [line[:4] for line in rest] == ["    "] * len(rest)


def routes(patterns: list[Any], before: str = "/") -> Iterator[tuple[str, set[str]]]:
    for pattern in patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, here)
        elif isinstance(pattern, URLPattern):
            yield here, set(pattern.pattern.converters)


def test_every_route_with_a_token_is_masked() -> None:
    found = [route for route, names in routes(get_resolver().url_patterns) if "token" in names]
    assert len(found) == 2
    assert [route for route in found if not route.startswith(logs.SECRET_PATHS)] == []


@pytest.mark.parametrize("before", logs.SECRET_PATHS)
@pytest.mark.parametrize("form", ["{}{}", "{}{}/", "{}x/{}/", "{}{}\n", "/{}{}"])
def test_a_token_is_not_logged(access: Log, records: Log, db: None, before: str, form: str) -> None:
    path = form.format(before, "TOKEN")
    call(portal, path)
    call(portal, path, path.replace("\n", "%0A"))
    call(portal, path, path.replace("a", "%61").replace("\n", "%0A"))
    written = access.lines + records.lines
    assert len(written) == 6
    assert [line for line in written if "TOKEN" in line or "***" not in line] == []


def test_a_token_is_not_logged_by_what_fails() -> None:
    with Log("portal.test", logs.Line()) as log:
        try:
            raise ValueError("/account/invitation/TOKEN/")
        except ValueError:
            log.logger.exception("Internal Server Error: %s", "/account/invitation/TOKEN/")
    assert "TOKEN" not in "".join(log.lines)


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "a\r\nSet-Cookie: x=1", "é", '"', "a\x00"])
def test_an_id_that_is_not_sane_is_replaced(given: str) -> None:
    _status, headers, _body = call(portal, HTTP_X_REQUEST_ID=given)
    assert re.fullmatch("[0-9a-f]{32}", headers["X-Request-ID"])
    assert SANE_ID.fullmatch(headers["X-Request-ID"])


def test_every_record_of_a_request_carries_its_id() -> None:
    def answering(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        logging.getLogger("portal.test").warning("before")
        start_response("200 OK", [])
        yield b"x"
        logging.getLogger("portal.test").warning("between")

    with Log("portal.test", logs.Json()) as log:
        call(logged(answering), HTTP_X_REQUEST_ID="a-1")
        log.logger.warning("after")
    ids = [json.loads(line).get("request_id") for line in log.lines]
    assert ids == ["a-1", "a-1", None]


def test_what_fails_is_logged_too(access: Log) -> None:
    def failing(environ: dict[str, Any], start_response: Any) -> Any:
        raise OSError("gone")

    with pytest.raises(OSError):
        call(logged(failing))
    assert '"GET /healthz" 500 0 ' in access.lines[0]


def test_a_file_is_left_to_the_server(access: Log) -> None:
    def sending(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "3")])
        return environ["wsgi.file_wrapper"](io.BytesIO(b"abc"))

    seen: list[Any] = []

    def server(environ: dict[str, Any], start_response: Any) -> Any:
        seen.append(logged(sending)(environ, start_response))
        return seen[0]

    call(server, **{"wsgi.file_wrapper": FileWrapper})
    assert isinstance(seen[0], FileWrapper)
    assert '"GET /healthz" 200 3 ' in access.lines[0]


def test_what_a_command_says_is_json_where_logs_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert logs.told("serve", "giving up") == "serve: giving up"
    monkeypatch.setenv("LOG_FORMAT", "json")
    record = json.loads(logs.told("serve", "giving up"))
    assert (record["logger"], record["message"]) == ("serve", "giving up")
