"""Through how many modules and functions of the portal one request goes.

``python -m benchmarks.hops``; with ``-v`` also through which modules.

A reader who follows the request has to open each of them. Counted by ``sys.setprofile`` after the
same request was answered before: what runs once in a process, or to build a bitmap, is not in it.
Calls are what ran in all, those of a function each time.

``builder``: the builder of a new segment posts three filters in two groups, as htmx does while one
types. ``event``: ``/users/track`` with one custom event of a user that is known, which a connector
of the workspace wants.

Each runs in a database of its own on the portal's server, with few users, dropped at the end.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import django

from benchmarks.worlds import database

ROOT = Path(__file__).resolve().parent.parent
#: What is no code of the portal, though it lies in its folder.
FOREIGN = tuple(
    f"{ROOT / name}{os.sep}" for name in (".venv", "node_modules", "benchmarks", "tests")
)
USERS = 100
WARM_UPS = 3

BUILDER = {
    "tree-join": "all",
    "tree-node": ["g0", "g0-f0", "g0-f1", "g1", "g1-f0"],
    "tree-g0-join": "any",
    "tree-g0-f0-filter": "country",
    "tree-g0-f0-operator": "any_of",
    "tree-g0-f0-value": "FR\nDE",
    "tree-g0-f1-filter": "language",
    "tree-g0-f1-operator": "any_of",
    "tree-g0-f1-value": ["fr", "de"],
    "tree-g1-join": "all",
    "tree-g1-f0-filter": "last_used",
    "tree-g1-f0-operator": "less_ago",
    "tree-g1-f0-value": "30",
}
EVENT = {"external_id": "user-1", "name": "Hopped", "time": "2026-11-25T10:00:00Z"}

Ask = Callable[[], Any]


def main() -> None:
    with database.scratch(database.server_url(), "braze_portal_hops") as url:
        os.environ["DATABASE_URL"] = url
        os.environ["DJANGO_SETTINGS_MODULE"] = "braze_portal.settings"
        django.setup()
        for name, ask in (("builder", builder()), ("event", event())):
            seen = followed(ask)
            modules = {code.co_filename for code in seen}
            print(f"{name}: {len(modules)} modules, {len(seen)} functions, {seen.total()} calls")
            if "-v" in sys.argv:
                for module in sorted(modules):
                    inside = sum(code.co_filename == module for code in seen)
                    print(f"  {inside:3} {Path(module).relative_to(ROOT)}")
        # The database can be dropped only when nobody is connected.
        django.db.connections.close_all()


def followed(ask: Ask) -> Counter[CodeType]:
    """Return how often each function of the portal ran while ``ask`` was answered once more."""
    seen: Counter[CodeType] = Counter()

    def note(frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if event == "call" and _is_ours(code):
            seen[code] += 1

    for _ in range(WARM_UPS):
        ask()
    _let_time_pass()
    sys.setprofile(note)
    try:
        ask()
    finally:
        sys.setprofile(None)
    return seen


def _let_time_pass() -> None:
    """End a transaction that writes: without any, bitmaps are known to be up to date."""
    with django.db.connection.cursor() as cursor:
        cursor.execute("select pg_current_xact_id()")


def _is_ours(code: CodeType) -> bool:
    """Tell whether a reader would look up ``code``: no module and no generator in brackets."""
    ours = code.co_filename.startswith(f"{ROOT}{os.sep}")
    return ours and not code.co_filename.startswith(FOREIGN) and not code.co_name.startswith("<")


def builder() -> Ask:
    """Return what posts a draft to the builder, as a member of a workspace with a few users."""
    # Django had to know the database first.
    from django.core.management import call_command
    from django.test import Client
    from django.test.utils import setup_test_environment

    from profiles.fake.seeding import seed_people
    from workspaces.models import Role, User
    from workspaces.opening import admit, open_workspace

    setup_test_environment()
    call_command("migrate", verbosity=0)
    workspace = open_workspace(database.WORKSPACE)
    seed_people(workspace, USERS)
    admit(workspace, "hops@example.com", Role.ADMIN)
    client = Client()
    backend = "django.contrib.auth.backends.ModelBackend"
    client.force_login(User.objects.get(email="hops@example.com"), backend=backend)
    path = f"/w/{database.WORKSPACE}/segments/new/"

    def ask() -> None:
        answer = client.post(path, BUILDER, headers={"HX-Request": "true"})
        assert answer.status_code == 200, answer.content
        assert not answer.context["builder"].incomplete, answer.content

    return ask


def event() -> Ask:
    """Return what sends an event that a connector wants, to the workspace that ``builder`` made."""
    # Django had to know the database first.
    from django.test import Client

    from currents import connectors
    from currents.models import Connector, OutboxEvent
    from workspaces.api_keys.keys import generate_api_key
    from workspaces.models import Workspace

    workspace = Workspace.objects.get(slug=database.WORKSPACE)
    connector = Connector(workspace=workspace, name="Hops", url="https://example.com/")
    connector.event_types = ["users.behaviors.CustomEvent"]
    connectors.save(connector, token=None, by=None)
    connectors.launch(connector, by=None)
    _key, secret = generate_api_key(workspace, name="hops", permissions=["users.track"])
    client, headers = Client(), {"Authorization": f"Bearer {secret}"}
    told = OutboxEvent.objects.count

    def ask() -> None:
        before = told()
        body = {"events": [EVENT]}
        answer = client.post("/users/track", body, "application/json", headers=headers)
        assert answer.status_code == 201, answer.content
        assert told() == before + 1, "the event was not streamed"

    return ask


if __name__ == "__main__":
    main()
