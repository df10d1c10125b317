"""``manage.py connector``."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from currents import outbox
from currents.models import Connector
from currents.types.base import CATALOGUE
from lib.sealing import unseal
from workspaces.models import AuditEntry, Workspace

pytestmark = pytest.mark.django_db

URL = "https://heap.example.com/events"


def connector(*arguments: str, url: str = URL) -> dict[str, Any]:
    out = io.StringIO()
    call_command("connector", "--workspace", "acme", "--url", url, "--json", *arguments, stdout=out)
    return json.loads(out.getvalue())


def test_connector_is_made_and_launched() -> None:
    answer = connector("--token", "s3cret")
    made = Connector.objects.get()
    assert answer == {
        "workspace": "acme",
        "connector": str(made.pk),
        "name": "Heap Export",
        "url": URL,
        "events": list(CATALOGUE),
        "state": "active",
    }
    assert unseal(made.sealed_token) == "s3cret"
    assert outbox.wanted(made.workspace_id) == frozenset(CATALOGUE)
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["Added Connector", "Launched Connector"]
    assert "s3cret" not in str(list(AuditEntry.objects.values()))


def test_connector_twice_is_one_that_changes() -> None:
    first = connector()
    second = connector("--events", "users.behaviors.Purchase", "--batch-size", "7")
    made = Connector.objects.get()
    assert (first["connector"], second["events"]) == (str(made.pk), ["users.behaviors.Purchase"])
    assert made.batch_size == 7


def test_connector_to_another_url_is_another() -> None:
    connector()
    assert connector(url="https://other.example.com/")["name"] == "Heap Export 2"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--url", "ftp://example.com/"], "url"),
        (["--events", "users.behaviors.Nothing"], "event_types"),
        (["--token", "two words"], "token"),
        (["--batch-size", "0"], "batch_size"),
        (["--flush-seconds", "901"], "flush_seconds"),
    ],
)
def test_connector_refuses_nonsense(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        connector(*arguments)
    assert not Workspace.objects.exists()
