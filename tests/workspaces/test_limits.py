"""Settings > Limits: what a workspace may use, and what it uses now."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as conf
from django.db import connection
from django.test import Client
from django.utils import timezone

from braze_portal.environment import counts
from rest import rate_limits
from segments.exports.csv_file import request_export
from segments.sizes.daily import ask_to_record
from tests.worlds.factories import SegmentFactory, WorkspaceFactory
from workspaces import limits
from workspaces.models import RateWindow, Workspace

pytestmark = pytest.mark.django_db

PAGE = "/w/acme/settings/limits/"


def test_what_is_under_way_and_what_waits_is_shown(
    admin_client: Client, workspace: Workspace
) -> None:
    segment = SegmentFactory(workspace=workspace)
    by = workspace.members.earliest("pk").user
    for _ in range(3):
        request_export(segment, ["user_id"], by=by)
    ask_to_record(WorkspaceFactory())
    with connection.cursor() as cursor:
        cursor.execute(
            "update procrastinate_jobs set status = 'doing' where id = "
            "(select min(id) from procrastinate_jobs where queue_name = %s)",
            [f"exports {workspace.pk}"],
        )
    shown = admin_client.get(PAGE).context["shares"]
    told = {str(each.label): (each.most, each.doing, each.waiting) for each in shown}
    assert told == {
        "CSV imports and their checks": (2, 0, 0),
        "Exports of segments": (2, 1, 2),
        "Filters that are being counted": (2, 0, 0),
        "Calls that tell of a finished export": (2, 0, 0),
        "Daily sizes of segments": (1, 0, 0),
    }


def test_what_is_used_of_the_calls_is_shown(workspace: Workspace, settings: Any) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"track": (50, 3600), "names": (9, 3600)}
    rate_limits.spend(workspace.pk, "track", calls=7)
    rate_limits.spend(workspace.pk, "names", calls=2)
    past = timezone.now() - timedelta(hours=2)
    RateWindow.objects.filter(workspace=workspace, name="names").update(starts_at=past)
    told = {str(each.label): (each.most, each.used) for each in limits.calls(workspace)}
    assert told["/users/track"] == (50, 7)
    assert told["Lists of events, products and attributes"] == (9, 0)


def test_every_limit_has_a_name() -> None:
    assert limits.KINDS.keys() == conf.JOB_SLOTS.keys()
    assert limits.CALLS.keys() == conf.RATE_LIMITS.keys()


def test_admins_alone_may_open_it(marketer_client: Client, analyst_client: Client) -> None:
    assert marketer_client.get(PAGE).status_code == 403
    assert analyst_client.get(PAGE).status_code == 403


def test_an_operator_changes_some_of_the_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOB_SLOTS", "imports=4, exports=1")
    assert counts("JOB_SLOTS", imports=2, exports=2, sizes=1) == {
        "imports": 4,
        "exports": 1,
        "sizes": 1,
    }
    with pytest.raises(ValueError, match="JOB_SLOTS knows imports, not exports"):
        counts("JOB_SLOTS", imports=2)
