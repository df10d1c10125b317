"""What the ledger forgets and the job that makes it, and where calls are counted."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from cohorts import ledger, tasks
from cohorts.models import CohortImport
from tests.worlds.partner_calls import PartnerCaller

pytestmark = pytest.mark.django_db


def aged(days: float) -> CohortImport:
    """Move the newest line back in time."""
    line = CohortImport.objects.first()
    line.received_at = timezone.now() - timedelta(days=days)
    line.save()
    return line


def test_lines_older_than_90_days_are_dropped(heap: PartnerCaller) -> None:
    heap.name()
    aged(91)
    heap.name()
    kept = aged(89)
    assert ledger.prune() == 1
    assert CohortImport.objects.get() == kept


def test_refused_calls_without_a_workspace_are_dropped_after_7_days(heap: PartnerCaller) -> None:
    for days in (8, 6):
        heap.with_keys(client_secret="wrong").name()
        line = aged(days)
    heap.name(name="")
    known = aged(8)
    assert ledger.prune() == 1
    assert set(CohortImport.objects.all()) == {line, known}


def test_lines_are_dropped_in_batches(heap: PartnerCaller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "BATCH", 2)
    for _ in range(5):
        heap.name()
    CohortImport.objects.update(received_at=timezone.now() - timedelta(days=100))
    assert ledger.prune() == 5


def test_job_runs_every_night_and_once(heap: PartnerCaller) -> None:
    periodic = app.periodic_registry.periodic_tasks
    assert [task.cron for (name, _), task in periodic.items() if name.endswith("prune_ledger")] == [
        "17 3 * * *"
    ]
    heap.name()
    aged(91)
    tasks.prune_ledger(timestamp=0)
    assert not CohortImport.objects.exists()


def test_calls_are_counted_where_no_disk_is_waited_for() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select relpersistence from pg_class where relname = 'workspaces_ratewindow'"
        )
        assert cursor.fetchone() == ("u",)
