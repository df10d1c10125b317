"""``manage.py connector``: a connector that streams what happens to a URL."""

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from currents import connectors
from currents.forms import ConnectorForm
from currents.models import Connector
from currents.types.base import CATALOGUE
from workspaces.models import Workspace
from workspaces.opening import open_workspace


class Command(BaseCommand):
    help = (
        "Make a connector of a workspace, which is made too where it is missing, and launch it. "
        "Running it again with the same URL changes and resumes the connector that is there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, metavar="W", help="its address (slug)")
        parser.add_argument("--url", required=True, help="where the events are posted to")
        parser.add_argument("--token", default="", help="sent as a bearer token")
        parser.add_argument(
            "--events",
            nargs="+",
            metavar="TYPE",
            default=list(CATALOGUE),
            help=f"the event types; all without it: {', '.join(CATALOGUE)}",
        )
        parser.add_argument("--name", default="Heap Export", help="how the pages call it")
        parser.add_argument("--batch-size", type=int, default=100, help="events in a call")
        parser.add_argument("--flush-seconds", type=int, default=2, help="most that events wait")
        parser.add_argument("--gzip", action="store_true", help="compress the calls")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, workspace: str, json: bool, **options: Any) -> None:
        try:
            connector = _connect(workspace, options)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        answer = {
            "workspace": workspace,
            "connector": str(connector.pk),
            "name": connector.name,
            "url": connector.url,
            "events": connector.event_types,
            "state": connector.state,
        }
        self.stdout.write(_as_json(answer) if json else _as_text(answer))


@transaction.atomic
def _connect(slug: str, options: dict[str, Any]) -> Connector:
    workspace = open_workspace(slug)
    # Two that connect at once end with one connector.
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
    mine = Connector.objects.in_workspace(workspace)
    known = mine.filter(url=options["url"]).first()
    values = {
        "name": known.name if known else _free_name(workspace, options["name"]),
        "url": options["url"],
        "token": options["token"],
        "event_types": options["events"],
        "batch_size": options["batch_size"],
        "flush_seconds": options["flush_seconds"],
        "gzip": options["gzip"],
    }
    form = ConnectorForm(values, instance=known or Connector(workspace=workspace))
    if not form.is_valid():
        raise CommandError(" ".join(form.errors.as_text().split()))
    connector = form.keep(by=None)
    connectors.launch(connector, by=None)
    connectors.resume(connector, by=None)
    return connector


def _free_name(workspace: Workspace, name: str) -> str:
    taken = set(Connector.objects.in_workspace(workspace).values_list("name", flat=True))
    numbered = (f"{name} {number}" for number in range(2, len(taken) + 3))
    return next(each for each in (name, *numbered) if each not in taken)


def _as_json(answer: dict[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=False)


def _as_text(answer: dict[str, Any]) -> str:
    shown = answer | {"events": ", ".join(answer["events"])}
    width = max(map(len, shown))
    return "\n".join(f"{name.capitalize():{width}}  {value}" for name, value in shown.items())
