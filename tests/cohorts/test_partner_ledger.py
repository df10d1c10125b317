"""The sync ledger on a partner's page, and the receipt of one call."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cohorts import ledger, listing
from cohorts.models import CohortImport, Outcome, Partner
from lib import bounded_pages
from tests.worlds.factories import CohortFactory, CohortImportFactory, WorkspaceFactory, import_key
from tests.worlds.markup import squeezed

HEAP = "/w/acme/partners/heap/"
HTMX = {"HX-Request": "true", "HX-Target": "ledger"}


@pytest.fixture
def applied(workspace) -> CohortImport:
    return CohortImportFactory(
        workspace=workspace,
        cohort=CohortFactory(workspace=workspace, name="Trial drop-offs"),
        cohort_identifier="c-1",
        key=import_key(workspace)[0],
        asked=1000,
        added=700,
        removed=100,
        unchanged=150,
        unmatched=40,
        ignored=10,
        unmatched_sample=[["user_ids", "=1+1"], ["user_ids", "u,2"], ["aliases", "hash:x"]],
        duration_ms=17,
    )


@pytest.fixture
def refused(workspace) -> CohortImport:
    return CohortImportFactory(
        workspace=workspace,
        outcome=Outcome.REFUSED,
        status=400,
        reason="`cohort_id` must be a valid string",
        cohort_identifier="<b>",
    )


def listed(client: Any, **query: Any) -> list[CohortImport]:
    return list(client.get(HEAP, query).context["page"])


def test_ledger_lists_the_newest_call_first(analyst_client, applied, refused):
    assert listed(analyst_client) == [refused, applied]


def test_ledger_shows_the_reason_of_a_refusal(analyst_client, refused):
    text = analyst_client.get(HEAP).content.decode()
    assert "400 `cohort_id` must be a valid string" in text
    assert "&lt;b&gt;" in text


def test_ledger_is_filtered_by_outcome_cohort_and_key(analyst_client, applied, refused):
    assert listed(analyst_client, outcome="refused") == [refused]
    assert listed(analyst_client, cohort=applied.cohort_id) == [applied]
    assert listed(analyst_client, key=applied.key_id) == [applied]
    assert listed(analyst_client, key=applied.key_id, outcome="refused") == []


def test_ledger_is_filtered_by_days_both_included(analyst_client, applied, refused):
    moment = datetime(2026, 3, 14, 23, 59, tzinfo=UTC)
    CohortImport.objects.filter(pk=applied.pk).update(received_at=moment)
    assert listed(analyst_client, since="2026-03-14", until="2026-03-14") == [applied]
    assert listed(analyst_client, until="2026-03-13") == []
    assert listed(analyst_client, since="2026-03-15") == [refused]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_ledger_takes_the_first_and_the_last_day(analyst_client, applied, day):
    assert analyst_client.get(HEAP, {"since": day, "until": day}).status_code == 200


def test_ledger_says_what_is_wrong_with_a_filter(analyst_client, applied):
    page = analyst_client.get(HEAP, {"cohort": "no", "since": "soon"})
    assert set(page.context["ledger"].form.errors) == {"cohort", "since"}


def test_ledger_offers_no_cohort_or_key_of_another_workspace(analyst_client, applied):
    other = WorkspaceFactory()
    CohortFactory(workspace=other)
    import_key(other)
    CohortFactory(workspace=applied.workspace, partner=Partner.objects.get(slug="segment"))
    form = analyst_client.get(HEAP).context["ledger"].form
    assert list(form.fields["cohort"].queryset) == [applied.cohort]
    assert list(form.fields["key"].queryset) == [applied.key]


def test_ledger_shows_no_call_of_another_workspace_or_partner(analyst_client, workspace):
    CohortImportFactory()
    CohortImportFactory(workspace=None)
    CohortImportFactory(workspace=workspace, partner=Partner.objects.get(slug="segment"))
    assert listed(analyst_client) == []


def test_ledger_turns_pages_and_keeps_the_filter(analyst_client, workspace):
    CohortImportFactory.create_batch(26, workspace=workspace)
    page = analyst_client.get(HEAP, {"outcome": "applied", "page": 2})
    assert len(page.context["page"].object_list) == 1
    assert "?outcome=applied&amp;page=1" in page.content.decode()


def test_ledger_answers_htmx_with_the_moving_parts_alone(analyst_client, applied):
    text = analyst_client.get(HEAP, headers=HTMX).content.decode()
    assert squeezed(text).startswith('<div id="ledger">')
    assert "<html" not in text
    assert text.count("hx-swap-oob") == 4


def test_ledger_answers_history_with_the_whole_page(analyst_client, applied):
    restored = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in analyst_client.get(HEAP, headers=restored).content.decode()


def test_ledger_is_sent_again_only_when_something_happened(analyst_client, applied, workspace):
    seen = HTMX | {"X-Seen": analyst_client.get(HEAP).context["seen"]}
    assert analyst_client.get(HEAP, headers=seen).status_code == 204
    CohortImportFactory(workspace=workspace)
    assert analyst_client.get(HEAP, headers=seen).status_code == 200


def test_ledger_of_somebody_signed_out_loads_the_page_anew(client, applied):
    page = client.get(HEAP, headers=HTMX)
    assert (page["HX-Refresh"], page.content) == ("true", b"")


def test_ledger_asks_again_on_the_first_page_only(analyst_client, workspace):
    CohortImportFactory.create_batch(26, workspace=workspace)
    assert "every 5s" in analyst_client.get(HEAP).content.decode()
    assert "every 5s" not in analyst_client.get(HEAP, {"page": 2}).content.decode()


def test_receipt_adds_up(analyst_client, applied):
    page = analyst_client.get(f"{HEAP}imports/{applied.pk}/")
    shares = page.context["shares"]
    assert {share.name: share.count for share in shares} == {
        "added": 700,
        "removed": 100,
        "unchanged": 150,
        "unmatched": 40,
        "ignored": 10,
    }
    assert [(share.start, share.width) for share in shares] == [
        (0, 700),
        (700, 100),
        (800, 150),
        (950, 40),
        (990, 10),
    ]


def test_receipt_groups_the_unmatched_by_kind(analyst_client, applied):
    page = analyst_client.get(f"{HEAP}imports/{applied.pk}/")
    assert page.context["unmatched"] == {"user_ids": ["=1+1", "u,2"], "aliases": ["hash:x"]}


def test_unmatched_are_downloaded_and_harmless_in_a_spreadsheet(analyst_client, applied):
    page = analyst_client.get(f"{HEAP}imports/{applied.pk}/unmatched.csv")
    assert page.content.decode() == (
        'kind,identifier\r\nuser_ids,\'=1+1\r\nuser_ids,"u,2"\r\naliases,hash:x\r\n'
    )
    assert page["Content-Disposition"] == (
        f'attachment; filename="heap-{applied.pk}-unmatched.csv"'
    )


def test_receipt_of_a_refused_call_and_of_a_name(analyst_client, refused, workspace):
    name = CohortImportFactory(workspace=workspace, call="cohort")
    text = analyst_client.get(f"{HEAP}imports/{refused.pk}/").content.decode()
    assert "Nothing was applied" in text
    text = analyst_client.get(f"{HEAP}imports/{name.pk}/").content.decode()
    assert "The cohort was created or renamed" in text


@pytest.mark.parametrize("page", ["", "unmatched.csv"])
def test_receipt_is_404_for_strangers_and_under_another_partner(
    page, stranger_client, analyst_client, applied
):
    url = f"{HEAP}imports/{applied.pk}/{page}"
    assert stranger_client.get(url).status_code == 404
    assert analyst_client.get(url.replace("heap", "segment")).status_code == 404
    elsewhere = CohortImportFactory()
    assert analyst_client.get(f"{HEAP}imports/{elsewhere.pk}/{page}").status_code == 404


def test_ledger_is_counted_up_to_a_bound(analyst_client, workspace, monkeypatch):
    monkeypatch.setattr(bounded_pages, "MOST_ROWS", 50)
    CohortImportFactory.create_batch(51, workspace=workspace)
    page = analyst_client.get(HEAP)
    assert page.context["page"].paginator.num_pages == 2
    assert "1 to 25 of more than 50" in squeezed(page.content.decode())


def test_ledger_offers_the_cohorts_synced_last_and_the_chosen_one(
    analyst_client, workspace, monkeypatch
):
    monkeypatch.setattr(listing, "COHORTS_OFFERED", 2)
    old, *new = [
        CohortFactory(workspace=workspace, cohort_id=f"c{n}", name=f"{n}" * 255, last_sync_at=day)
        for n, day in enumerate(datetime(2026, 3, d, tzinfo=UTC) for d in (1, 2, 3))
    ]
    form = analyst_client.get(HEAP).context["ledger"].form
    assert list(form.fields["cohort"].queryset) == new
    assert [len(label) for _pk, label in form.fields["cohort"].choices] == [11, 100, 100]
    call = CohortImportFactory(workspace=workspace, cohort=old)
    page = analyst_client.get(HEAP, {"cohort": old.pk})
    assert list(page.context["page"]) == [call]
    assert list(page.context["ledger"].form.fields["cohort"].queryset) == [old, *new]


def test_days_whose_lines_are_gone_are_shown_by_their_totals(analyst_client, applied, workspace):
    CohortImport.objects.update(received_at=datetime(2026, 3, 14, 12, tzinfo=UTC))
    ledger.prune()
    page = analyst_client.get(f"{HEAP}days/")
    [day] = page.context["page"]
    assert (day.calls, day.asked, day.added, day.unmatched) == (1, 1000, 700, 40)
    assert "Calls are kept one by one for 14 days" in squeezed(page.content.decode())


def test_days_are_404_for_strangers_and_those_of_others_are_not_shown(
    stranger_client, analyst_client
):
    CohortImportFactory()
    CohortImport.objects.update(received_at=datetime(2026, 3, 14, 12, tzinfo=UTC))
    ledger.prune()
    assert stranger_client.get(f"{HEAP}days/").status_code == 404
    assert "No day is summed up yet." in analyst_client.get(f"{HEAP}days/").content.decode()
