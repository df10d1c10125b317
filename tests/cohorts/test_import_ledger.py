"""What the ledger forgets and the job that makes it, and where calls are counted."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from cohorts import ledger, tasks
from cohorts.health import State, partner_health
from cohorts.models import CohortImport, LedgerDay, Partner
from tests.worlds.partner_calls import PartnerCaller, add

pytestmark = pytest.mark.django_db


def aged(days: float) -> CohortImport:
    """Move the newest line back in time."""
    line = CohortImport.objects.first()
    line.received_at = timezone.now() - timedelta(days=days)
    line.save()
    return line


def test_lines_older_than_14_days_are_dropped(heap: PartnerCaller) -> None:
    heap.name()
    aged(14.1)
    heap.name()
    kept = aged(13.9)
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


def test_what_is_dropped_is_summed_up_by_day(
    heap: PartnerCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "BATCH", 2)
    day = (timezone.now() - timedelta(days=20)).replace(hour=12)
    for n in range(5):
        heap.users(add("ann", "bob"))
        CohortImport.objects.filter(pk=CohortImport.objects.latest("pk").pk).update(
            received_at=day + timedelta(hours=n)
        )
    heap.name(name="")
    refused = aged(20)
    assert ledger.prune() == 6
    applied = LedgerDay.objects.get(outcome="applied")
    assert (applied.day, applied.calls, applied.last_at) == (
        day.date(),
        5,
        day + timedelta(hours=4),
    )
    assert (applied.asked, applied.unmatched, applied.added) == (10, 10, 0)
    assert LedgerDay.objects.get(outcome="refused").last_at == refused.received_at
    heap.users(add("ann"))
    CohortImport.objects.update(received_at=day)
    ledger.prune()
    applied.refresh_from_db()
    assert (applied.calls, applied.asked) == (6, 11)


def test_totals_go_after_400_days(heap: PartnerCaller) -> None:
    for days in (399, 402):
        heap.name()
        aged(days)
    ledger.prune()
    ledger.prune()
    assert LedgerDay.objects.count() == 1


def test_a_partner_that_last_called_long_ago_is_stale(heap: PartnerCaller) -> None:
    for days in (40, 55.5):
        heap.name()
        last = aged(days)
    ledger.prune()
    [health] = partner_health(last.workspace, Partner.objects.filter(slug="heap"))
    assert (health.state, health.patience_days) == (State.STALE, 30)


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
