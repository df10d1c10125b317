"""``manage.py demo``: a running portal with something in it, and how it got there."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from django.utils.crypto import salted_hmac

from braze_portal.demo import COUNTS, Chapter, SyncRefused, sizes, sync
from braze_portal.management.commands.serve import require_free
from braze_portal.serving import serve
from cohorts.models import Partner
from cohorts.provisioning import provision
from profiles.fake.seeding import seed_people
from segments.models import Segment
from workspaces.models import Role, User, Workspace
from workspaces.opening import admit, open_workspace

WORKSPACE = "demo"
USERS = 20_000
MEMBERS = {f"{role.value}@example.com": role for role in reversed(Role)}
PATIENCE_SECONDS = 30  # until the portal must be ready


class Command(BaseCommand):
    help = (
        "Run the portal with a workspace of fake people and a Heap sync just received. Meant for "
        "your own machine: the sign-ins are printed. Ends with Ctrl-C; what you made stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to bind (%(default)s)")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))

    def handle(self, *, host: str, port: int, **options: Any) -> None:
        require_free(host, port)
        self.stdout.write("demo: starting the portal")
        self.stdout.flush()
        code = serve(host=host, port=port, access_log=False, once_up=lambda: self._fill(host, port))
        sys.exit(code)

    def _fill(self, host: str, port: int) -> None:
        """Fill the portal that has just come up, and tell where it is and what to do."""
        local = f"http://{'127.0.0.1' if host in {'', '0.0.0.0'} else host}:{port}"  # noqa: S104
        try:
            workspace = self._sync(local)
        except (SyncRefused, httpx.HTTPError) as error:
            raise CommandError(f"The sync failed: {error}") from error
        self._say(*_where(settings.REST_ENDPOINT or local, local, workspace), "")
        self._say(*_next(local, workspace), "", "Ctrl-C ends the portal; everything is kept.")
        # The server's children may be forked anew, which the threads of the pool must not see.
        connections.close_all()
        connection.close_pool()  # type: ignore[attr-defined]

    def _sync(self, local: str) -> Workspace:
        """Send the story to the API and tell it; return the workspace where it happened."""
        _await_ready(local)
        workspace = open_workspace(WORKSPACE)
        self._say(f"demo: {USERS:,} people and some anonymous visitors")
        seed_people(workspace, USERS)
        secrets = provision(workspace, Partner.objects.get(slug="heap"))
        self._say("demo: a Heap sync, sent to the API over HTTP", "")
        self._say(*_table(sync(local, secrets, workspace, USERS)), "", *_sizes(workspace), "")
        return workspace

    def _say(self, *lines: str) -> None:
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _await_ready(address: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    with httpx.Client(trust_env=False, timeout=5) as client:
        while True:
            answer = client.get(f"{address}/readyz")
            if answer.status_code == 200:
                return
            if time.monotonic() > until:
                raise CommandError(f"The portal is not ready: {answer.text}")
            time.sleep(0.1)


def _table(chapters: Sequence[Chapter]) -> Iterator[str]:
    heads = ("Heap sent", "calls", *COUNTS, "ms")
    cells = [heads, *map(_row, chapters)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join([f"{row[0]:{widths[0]}}", *map(str.rjust, row[1:], widths[1:])]) for row in cells
    ]
    yield lines[0]
    for cohort, told in groupby(zip(chapters, lines[1:], strict=True), lambda pair: pair[0].cohort):
        yield cohort
        yield from (line for _, line in told)


def _row(chapter: Chapter) -> tuple[str, ...]:
    counts = (f"{n:,}" if n else "·" for n in chapter.counts.values())
    return f"  {chapter.told}", str(chapter.calls), *counts, f"{chapter.duration_ms:,}"


def _sizes(workspace: Workspace) -> Iterator[str]:
    yield "In the cohorts now: " + ", ".join(f"{name} {n:,}" for name, n in sizes(workspace))


def _where(endpoint: str, address: str, workspace: Workspace) -> Iterator[str]:
    yield f"Portal         {address}/"
    for email, password in _sign_ins(workspace):
        yield f"Sign in        {email:21}  {password}"
    yield f"REST endpoint  {endpoint}"


def _sign_ins(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Each of the demo's users with the password, which is this installation's own."""
    password = f"demo-{salted_hmac('demo', workspace.slug).hexdigest()[:10]}"
    for email, role in MEMBERS.items():
        made = admit(workspace, email, role, password=password)
        known = made or User.objects.get_by_natural_key(email).check_password(password)
        yield email, password if known else "(the password you chose)"


def _next(address: str, workspace: Workspace) -> Iterator[str]:
    pages = f"{address}/w/{workspace.slug}"
    segments = Segment.objects.in_workspace(workspace).active()
    build = "segments/" if segments.exists() else "segments/new/"
    yield "Try next"
    yield f"  Partner Integrations > Technology Partners > Heap     {pages}/partners/heap/"
    yield f"  a segment: Heap Cohorts includes Trial drop-offs      {pages}/{build}"
    yield f"  pick it in a campaign, or in a Canvas                 {pages}/campaigns/new/"
    yield "  make demo again: the same sync finds nearly everybody unchanged"
