"""By which names the portal may be called: its own, those that were set, and no made-up one."""

import os
import socket
import subprocess
import sys
from typing import Any

import psutil
import pytest
from django.conf import settings
from django.test import Client

from braze_portal.hosts import allowed

MADE_UP = [
    "evil.example",
    "evil.example:8000",
    "192.0.2.1",
    "[2001:db8::1]",
    "localhost.evil.example",
]


def hosts(served: str = "127.0.0.1", named: Any = (), urls: Any = ()) -> list[str]:
    return allowed(served=served, named=named, urls=urls)


@pytest.fixture
def strict(settings: Any) -> None:
    settings.ALLOWED_HOSTS = hosts()


@pytest.mark.parametrize("host", MADE_UP)
@pytest.mark.parametrize("path", ["/healthz", "/sign-in/", "/w/acme/"])
def test_a_made_up_host_is_refused(strict: None, db: None, host: str, path: str) -> None:
    assert Client(headers={"Host": host}).get(path).status_code == 400


@pytest.mark.parametrize("path", ["/users/track", "/partners/heap/cohorts/users", "/segments/list"])
def test_calls_of_the_api_are_refused_in_json(strict: None, db: None, path: str) -> None:
    answer = Client(headers={"Host": MADE_UP[0]}).post(path, {}, content_type="application/json")
    assert (answer.status_code, answer.json()) == (400, {"message": "Bad Request"})


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "portal.localhost", "127.0.0.1:8000", "[::1]:8000"]
)
def test_ones_own_machine_is_always_called(strict: None, db: None, host: str) -> None:
    assert Client(headers={"Host": host}).get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("served", "host"),
    [
        ("192.0.2.7", "192.0.2.7:8000"),
        ("2001:DB8:0::7", "[2001:db8::7]:8000"),
        ("Portal.example.com", "portal.example.com"),
    ],
)
def test_the_address_that_is_served_is_allowed(
    settings: Any, db: None, served: str, host: str
) -> None:
    settings.ALLOWED_HOSTS = hosts(served)
    assert Client(headers={"Host": host}).get("/healthz").status_code == 200
    assert Client(headers={"Host": MADE_UP[0]}).get("/healthz").status_code == 400


@pytest.mark.parametrize("served", ["", "0.0.0.0", "::"])
def test_who_serves_everywhere_is_called_by_every_address_of_the_machine(
    settings: Any, db: None, served: str
) -> None:
    settings.ALLOWED_HOSTS = hosts(served)
    own = {
        each.address
        for addresses in psutil.net_if_addrs().values()
        for each in addresses
        if each.family == socket.AF_INET
    }
    assert own
    for host in (*own, socket.gethostname()):
        assert Client(headers={"Host": host}).get("/healthz").status_code == 200
    assert [Client(headers={"Host": h}).get("/healthz").status_code for h in MADE_UP] == [400] * 5


@pytest.mark.parametrize(
    ("named", "urls", "host"),
    [
        (["portal.example.com"], [], "portal.example.com"),
        ([], ["https://rest.example.com:444/x"], "rest.example.com"),
        ([], ["https://*.example.com"], "any.example.com"),
        (["*"], [], "evil.example"),
    ],
)
def test_what_an_operator_names_is_allowed(
    settings: Any, db: None, named: list[str], urls: list[str], host: str
) -> None:
    settings.ALLOWED_HOSTS = hosts(named=named, urls=["", *urls])
    assert Client(headers={"Host": host}).get("/healthz").status_code == 200


def test_nothing_is_allowed_by_default_but_the_own_machine() -> None:
    environ = {k: v for k, v in os.environ.items() if k not in {"ALLOWED_HOSTS", "REST_ENDPOINT"}}
    environ |= {"SERVE_HOST": "127.0.0.1", "DATABASE_URL": "postgresql:///unused"}
    code = "from braze_portal import settings; print(*settings.ALLOWED_HOSTS)"
    said = subprocess.run(
        [sys.executable, "-c", code],
        env=environ,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == ["localhost", ".localhost", "127.0.0.1", "[::1]"]
