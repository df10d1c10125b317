"""Refused calls that are alike: a few lines in the ledger, and a count of all others."""

import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Count, Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cohorts import ledger, samples
from cohorts.health import partner_health
from cohorts.models import CohortImport, LedgerDay, Partner
from tests.worlds.factories import CohortImportFactory
from tests.worlds.partner_calls import PartnerCaller
from tests.worlds.web_process import WebProcess

pytestmark = pytest.mark.django_db

HEAP = "/w/acme/partners/heap/"


def lines() -> list[int]:
    """Return the counts on the lines of the ledger, the oldest first."""
    return list(CohortImport.objects.order_by("pk").values_list("repeated", flat=True))


def test_the_first_three_of_a_minute_are_lines_and_the_others_a_count(heap: PartnerCaller) -> None:
    assert [heap.name(name="").status_code for _ in range(10)] == [400] * 10
    assert lines() == [0, 0, 7]


def test_calls_of_unknown_callers_are_counted_likewise(heap: PartnerCaller) -> None:
    unknown = heap.with_keys(client_secret="wrong")
    assert [unknown.name().status_code for _ in range(10)] == [401] * 10
    assert lines() == [0, 0, 7]
    assert set(CohortImport.objects.values_list("workspace", "key")) == {(None, None)}


@pytest.mark.parametrize(
    "other",
    [
        lambda heap: heap.name(name="x", created_at="yesterday"),
        lambda heap: heap.users(cohort_id=""),
        lambda heap: heap.with_keys(client_secret="wrong").name(),
        lambda heap: heap.with_keys(partner_api_key="wrong").name(),
    ],
)
def test_a_call_that_differs_has_a_line(heap: PartnerCaller, other) -> None:
    for _ in range(5):
        heap.name(name="")
    other(heap)
    assert lines() == [0, 0, 2, 0]


def test_another_address_has_lines_of_its_own(heap: PartnerCaller) -> None:
    for _ in range(4):
        heap.name(name="")
    heap.send("cohorts", heap.keys | {"cohort_id": "c1", "name": ""}, REMOTE_ADDR="192.0.2.1")
    assert lines() == [0, 0, 1, 0]


def test_the_next_minute_has_lines_of_its_own(
    heap: PartnerCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        heap.name(name="")
    now = samples.monotonic()
    monkeypatch.setattr(samples, "monotonic", lambda: now + samples.SECONDS + 1)
    for _ in range(5):
        heap.name(name="")
    assert lines() == [0, 0, 2, 0, 0, 2]


def test_a_line_that_is_gone_or_is_anothers_is_not_counted_on(heap: PartnerCaller) -> None:
    for _ in range(3):
        heap.name(name="")
    CohortImport.objects.latest("pk").delete()
    heap.name(name="")
    CohortImport.objects.filter(pk=CohortImport.objects.latest("pk").pk).update(reason="other")
    heap.name(name="")
    heap.name(name="")
    assert lines() == [0, 0, 0, 1]


def test_what_is_remembered_is_bounded(
    heap: PartnerCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "KINDS", 2)
    for n in range(5):
        alike = samples.Alike(f"192.0.2.{n}", "heap", None, "users", 401, "Invalid client secret")
        samples.note(alike, n)
    assert len(samples._lines) <= 2


def test_a_counted_call_asks_one_statement_less_than_a_line(heap: PartnerCaller) -> None:
    asked = []
    for _ in range(4):
        with CaptureQueriesContext(connection) as captured:
            heap.name(name="")
        asked.append(len(captured))
    assert asked[3] == asked[2] - 1


def test_totals_count_every_call(heap: PartnerCaller) -> None:
    for _ in range(10):
        heap.name(name="")
    health = partner_health(heap.workspace, Partner.objects.filter(slug="heap"))
    assert health[0].refused == 10
    CohortImport.objects.update(received_at=timezone.now() - timedelta(days=20))
    ledger.prune()
    assert LedgerDay.objects.get().calls == 10


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "and 1,117 more like it within that minute"),
        ("fr", "et 1 117 autres semblables dans la même minute"),
    ],
)
def test_pages_say_how_many_more_there_were(analyst_client, workspace, language, told) -> None:
    line = CohortImportFactory(
        workspace=workspace, outcome="refused", status=400, reason="no", repeated=1117
    )
    analyst_client.cookies["django_language"] = language
    for path in (HEAP, f"{HEAP}imports/{line.pk}/"):
        text = analyst_client.get(path).content.decode().replace("\N{NO-BREAK SPACE}", " ")
        assert told in text.replace("\N{NARROW NO-BREAK SPACE}", " ")


@pytest.fixture
def processes(transactional_db: None) -> Iterator[list[WebProcess]]:
    started = [WebProcess(), WebProcess()]
    yield started
    for process in started:
        process.end(signal.SIGTERM)


@pytest.mark.django_db(transaction=True)
def test_no_call_is_lost_between_processes(
    processes: list[WebProcess], heap: PartnerCaller
) -> None:
    body = heap.keys | {"cohort_id": "c1", "name": ""}

    def call(n: int) -> int:
        return processes[n % 2].post("cohorts", json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(call, range(200))) == {400: 200}
    found = CohortImport.objects.aggregate(lines=Count("pk"), repeated=Sum("repeated"))
    assert found["lines"] + found["repeated"] == 200
    # Calls that come at the same time may each be among the first.
    assert found["lines"] <= 2 * (samples.SAMPLES + 8)
