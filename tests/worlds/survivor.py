"""A process of the portal that lives through what its database goes through.

Run as ``python -m tests.worlds.survivor``: it reads one JSON list a line, of the name of a function
of this module and its arguments, and writes what that gives as JSON.
"""

import json
import re
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import django
from django.conf import settings

#: What this process keeps: the partner, the browser, the receiver of events.
held: dict[str, Any] = {}
ending = ExitStack()


def make() -> None:
    """Fill an empty database: people, a cohort, segments over it, a campaign."""
    from django.core.management import call_command

    from campaigns.models import Campaign
    from profiles.fake.seeding import seed_people
    from segments.models import Segment
    from tests.worlds.factories import MemberFactory
    from tests.worlds.partner_calls import connect

    call_command("migrate", verbosity=0)
    workspace = MemberFactory(workspace__slug="acme", workspace__name="Acme").workspace
    seed_people(workspace, 2000)
    assert connect(workspace).name().status_code == 201
    cohort = str(workspace.cohorts.get().pk)
    inside = {"filter": "cohort:heap", "operator": "includes_any", "value": [cohort]}
    french = {"filter": "country", "operator": "any_of", "value": ["FR"]}
    filters_by_name = {"In cohort": [inside], "French": [french], "Both": [inside, french]}
    for name, filters in filters_by_name.items():
        tree = {"groups": [{"join": "all", "filters": filters}]}
        Segment.objects.create(workspace=workspace, name=name, tree=tree)
    campaign = Campaign.objects.create(workspace=workspace, name="Come back")
    campaign.segments.add(Segment.objects.get(name="In cohort"))


def sign_in() -> None:
    """Take up what a process needs: keys to call with, and a browser that is signed in. What comes
    later writes nothing but what it is asked to.
    """
    from tests.conftest import signed_in
    from tests.worlds.partner_calls import connect
    from tests.worlds.track_calls import tracker_of
    from workspaces.models import Member

    member = Member.objects.get(workspace__slug="acme")
    held["partner"] = connect(member.workspace)
    held["tracker"] = tracker_of(member.workspace)
    held["browser"] = signed_in(member)


def receive() -> None:
    """Launch a connector to a receiver in this process."""
    from tests.worlds.currents_world import CUSTOM, connect
    from tests.worlds.receivers import receiving
    from workspaces.models import Workspace

    held["receiver"] = ending.enter_context(receiving())
    connect(Workspace.objects.get(slug="acme"), held["receiver"], event_types=[CUSTOM])


def sync(first: int, count: int) -> int:
    """Have the partner add ``count`` people to its cohort; return the status."""
    from tests.worlds.partner_calls import add

    users = [f"user-{number}" for number in range(first, first + count)]
    return held["partner"].users(add(*users)).status_code


def track(name: str) -> int:
    """Have a user do something; return the status."""
    event = {"external_id": "user-1", "name": name, "time": "2026-02-15T09:00:00Z"}
    return held["tracker"].post("/users/track", {"events": [event]}).status_code


def received() -> list[str]:
    """Send what waits; return the names of the events that arrived so far."""
    from currents.models import Connector
    from tests.worlds.currents_world import names, send_now

    connector = Connector.objects.get()
    for _ in range(10):
        if send_now(connector) is None:
            break
    return names(held["receiver"])


def differences() -> list[str]:
    """Return where a number of a page is not what plain SQL counts, or is an estimate."""
    from django.db import connection
    from django.utils import timezone

    from campaigns.models import Campaign
    from segments.models import Segment
    from segments.trees.tree import load_tree
    from workspaces.models import Workspace

    workspace = Workspace.objects.get(slug="acme")
    client = held["browser"]
    wrong = []
    true = {}
    for segment in Segment.objects.all():
        said = load_tree(segment.tree).condition(workspace, timezone.now())
        with connection.cursor() as cursor:
            cursor.execute(
                f"select count(*) from profiles_profile as p (id) where {said.sql}", said.params
            )
            true[segment.name] = cursor.fetchone()[0]
        shown = _numbers(client.get(segment.get_absolute_url()))
        if true[segment.name] not in shown:
            wrong.append(f"page of {segment}: {shown[:8]} instead of {true[segment.name]}")
    listed = _text(client.get("/w/acme/segments/"))
    for name, size in true.items():
        if not (found := re.search(rf"{name} ([≈\d,]+)", listed)) or found[1] != f"{size:,}":
            wrong.append(f"list, {name}: {found and found[1]} instead of {size:,}")
    campaign = Campaign.objects.get()
    if true["In cohort"] not in _numbers(client.get(campaign.get_absolute_url())):
        wrong.append(f"page of {campaign}")
    return wrong


def _text(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def _numbers(answer: Any) -> list[int]:
    return [int(found.replace(",", "")) for found in re.findall(r"\b\d[\d,]*", _text(answer))]


def main() -> None:
    django.setup()
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    from django.db import OperationalError, close_old_connections

    for line in sys.stdin:
        name, *arguments = json.loads(line)
        action: Callable[..., Any] = globals()[name]
        for attempt in range(20):
            close_old_connections()
            try:
                answer = action(*arguments)
                break
            except OperationalError:
                if attempt == 19:
                    raise
        print(json.dumps(answer), flush=True)
    ending.close()


if __name__ == "__main__":
    main()
