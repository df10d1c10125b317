"""A process of the portal that lives through what its database goes through.

Run as ``python -m tests.worlds.survivor``: it reads one JSON list a line, of the name of a function
of this module and its arguments, and writes what that gives as JSON.
"""

import json
import re
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import django
from django.conf import settings


def make() -> None:
    """Fill an empty database: people, a cohort, segments over it, a campaign."""
    from django.core.management import call_command

    from campaigns.models import Campaign
    from profiles.fake.seeding import seed_people
    from segments.models import Segment
    from tests.worlds.factories import MemberFactory
    from tests.worlds.partner_calls import connect

    call_command("migrate", verbosity=0)
    member = MemberFactory(workspace__slug="acme", workspace__name="Acme")
    seed_people(member.workspace, 2000)
    partner = connect(member.workspace)
    assert partner.name().status_code == 201
    cohort = str(member.workspace.cohorts.get().pk)
    inside = {"filter": "cohort:heap", "operator": "includes_any", "value": [cohort]}
    french = {"filter": "country", "operator": "any_of", "value": ["FR"]}
    filters_by_name = {"In cohort": [inside], "French": [french], "Both": [inside, french]}
    for name, filters in filters_by_name.items():
        tree = {"groups": [{"join": "all", "filters": filters}]}
        Segment.objects.create(workspace=member.workspace, name=name, tree=tree)
    campaign = Campaign.objects.create(workspace=member.workspace, name="Come back")
    campaign.segments.add(Segment.objects.get(name="In cohort"))


_partner: list[Any] = []


def sync(users: list[str], remove: bool = False) -> int:
    """Have the partner add users to its cohort, or remove them; return the status."""
    from tests.worlds.partner_calls import add, connect
    from tests.worlds.partner_calls import remove as taken
    from workspaces.models import Workspace

    if not _partner:
        _partner.append(connect(Workspace.objects.get(slug="acme")))
    return _partner[0].users(taken(*users) if remove else add(*users)).status_code


def differences() -> list[str]:
    """Return where a number of a page is not what plain SQL counts, or is an estimate."""
    from django.db import connection

    from campaigns.models import Campaign
    from segments.models import Segment
    from segments.trees.tree import load_tree
    from workspaces.models import Member

    member = Member.objects.get(workspace__slug="acme")
    client = _browser(member)
    wrong = []
    true = {}
    for segment in Segment.objects.all():
        from django.utils import timezone

        said = load_tree(segment.tree).condition(member.workspace, timezone.now())
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


@cache
def _browser(member: Any) -> Any:
    """Return a browser that has signed in: later looks write nothing."""
    from tests.conftest import signed_in

    return signed_in(member)


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


if __name__ == "__main__":
    main()
