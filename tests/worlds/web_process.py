"""A web process of its own over the test database, as ``manage.py serve`` starts one."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
from django.conf import settings
from django.db import connection


def database_url() -> str:
    """The address of the test database, for a process or a connection of its own."""
    values = connection.settings_dict
    user, password = (quote(values[name], safe="") for name in ("USER", "PASSWORD"))
    host = quote(values["HOST"], safe="")
    port = f"&port={values['PORT']}" if values["PORT"] else ""
    return f"postgresql://{user}:{password}@/{values['NAME']}?host={host}{port}"


class WebProcess:
    """A web process over the test database."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "braze_portal.web"]
        self.process = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{self.port}"],
            cwd=settings.BASE_DIR,
            env=os.environ
            | {
                "ACCESS_LOG": "0",
                "DATABASE_URL": f"{database_url()}&application_name={self.port}",
                "DATA_KEYS": ",".join(settings.DATA_KEYS),
            },
        )
        eventually(self.answers)

    def answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def post(self, path: str, **request: Any) -> httpx.Response:
        url = f"http://127.0.0.1:{self.port}/partners/heap/{path}"
        headers = {"Content-Type": "application/json"}
        return httpx.post(url, headers=headers, timeout=30, **request)

    def end(self, number: int) -> None:
        self.process.send_signal(number)
        self.process.wait()


def eventually(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("It did not come about within 30 seconds")
