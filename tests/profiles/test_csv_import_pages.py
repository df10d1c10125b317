"""The pages of CSV imports: columns, checks, progress, receipts, files and their ends."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from lib.wording import in_words
from profiles.csv_import import imports as csv_imports
from profiles.models import CsvImport, ImportState, Profile
from profiles.tasks import drop_expired_imports, mend_imports, run_import
from tests.worlds.csv_uploads import (
    IMPORTS,
    RUN,
    checked,
    imported,
    page,
    proposed,
    run_last_job,
    uploaded,
)
from tests.worlds.factories import checked_import
from tests.worlds.waiting_jobs import jobs_of
from workspaces.models import Workspace


def targets(client: Client, header: str, *rows: str) -> list[str]:
    """Return what the columns are proposed to hold, custom attributes with name and type."""
    chosen = proposed(client, uploaded(client, "\n".join([header, *rows])))
    found = []
    for place in range(len(header.split(","))):
        target, name, kind = (chosen[f"c{place}-{part}"] for part in ("target", "name", "type"))
        found.append(f"{name}: {kind}" if target == "custom" else target)
    return found


def test_columns_are_proposed_by_their_names(marketer_client: Client) -> None:
    header = "User ID,First_Name,Mail,E-Mail,Date of birth,city,timezone,random_bucket"
    assert targets(marketer_client, header, ",,,,,,,") == [
        "id:external_id",
        "first_name",
        "Mail: string",
        "email",
        "dob",
        "home_city",
        "time_zone",
        "",
    ]


def test_the_address_names_users_where_nothing_else_does(marketer_client: Client) -> None:
    assert targets(marketer_client, "email,phone,email", "a,b,c") == ["id:email", "phone", ""]


UNSURE = "The names of the columns do not say which one identifies the user"


@pytest.mark.parametrize("name", ["id", "ID", " Id "])
def test_a_column_called_id_is_left_to_be_chosen(marketer_client: Client, name: str) -> None:
    assert targets(marketer_client, f"{name},email,plan", "1,a@example.com,pro") == [
        "",
        "email",
        "plan: string",
    ]
    made = CsvImport.objects.get()
    assert UNSURE in marketer_client.get(page(made, "columns/")).text
    answer = marketer_client.post(page(made, "columns/"), proposed(marketer_client, made))
    assert "Choose exactly one column that identifies the user of each row." in answer.text


def test_a_column_called_id_beside_an_identifier_is_an_attribute(marketer_client: Client) -> None:
    assert targets(marketer_client, "id,external_id", "1,ann") == ["id: number", "id:external_id"]
    made = CsvImport.objects.get()
    assert UNSURE not in marketer_client.get(page(made, "columns/")).text


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["true", "False", ""], "boolean"),
        (["1", "0"], "number"),
        (["1", "-2.5", "3e4"], "number"),
        (["+33612345678"], "string"),
        (["00123"], "string"),
        (["12345678901234567"], "string"),
        (["2026-01-02", "2026-01-02T03:04:05Z"], "time"),
        (['"[1, 2]"', "[]"], "array"),
        (["{}"], "object"),
        (["[oops"], "string"),
        (["", ""], "string"),
        (["1", "x"], "string"),
    ],
)
def test_types_are_seen_in_the_values(marketer_client: Client, cells: list[str], kind: str) -> None:
    rows = [f"{place},{cell}" for place, cell in enumerate(cells)]
    assert targets(marketer_client, "external_id,x", *rows) == ["id:external_id", f"x: {kind}"]


def test_values_of_each_column_are_shown(marketer_client: Client) -> None:
    file = "external_id,plan\na,pro\nb,pro\nc,<free>\nd,\n"
    text = marketer_client.get(page(uploaded(marketer_client, file), "columns/")).text
    assert "<code>pro</code> · <code>&lt;free&gt;</code>" in " ".join(text.split())


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"c0-target": ""}, "Choose exactly one column that identifies the user of each row."),
        ({"c1-target": "id:email"}, "Choose exactly one column"),
        ({"c1-target": "country", "c2-target": "country"}, "Two columns hold “Country”."),
        ({"c1-name": "x", "c2-name": "x"}, "Two columns hold “x”."),
        ({"c1-name": " "}, "Give the attribute a name"),
        ({"c0-target": "id:alias"}, "Give the label of the aliases."),
        ({"c0-target": "id:email", "c1-target": "email"}, "Two columns hold “Email address”."),
        ({"c1-target": "nonsense"}, "Select a valid choice."),
        ({"c1-type": "nonsense"}, "Select a valid choice."),
    ],
)
def test_columns_that_do_not_go_together_are_said(
    marketer_client: Client, chosen: dict[str, str], words: str
) -> None:
    made = uploaded(marketer_client, "external_id,a,b\n1,2,3\n")
    data = proposed(marketer_client, made) | chosen
    assert words in marketer_client.post(page(made, "columns/"), data).text
    assert jobs_of(RUN) == []


def test_columns_can_be_changed_after_a_check(marketer_client: Client) -> None:
    made = checked(marketer_client, "external_id,x\na,FR\n")
    data = proposed(marketer_client, made)
    assert data["c1-target"] == "custom"
    marketer_client.post(page(made, "columns/"), data | {"c1-target": "country"})
    run_last_job()
    marketer_client.post(page(made))
    run_last_job()
    assert Profile.objects.get().country == "FR"


def test_progress_is_shown_while_it_runs(analyst_client: Client, workspace: Workspace) -> None:
    made = checked_import(workspace)
    CsvImport.objects.update(state=ImportState.IMPORTING, total=4000, position=1500)
    part = analyst_client.get(page(made), headers={"HX-Request": "true"}).text.strip()
    assert part.startswith('<div id="progress"')
    assert "1,500 of 4,000 rows" in part
    assert 'hx-trigger="every 1s"' in part


def test_one_that_is_over_asks_no_more(marketer_client: Client) -> None:
    made = imported(marketer_client, "external_id\na\n")
    assert "hx-trigger" not in marketer_client.get(page(made)).text


def test_an_analyst_sees_counts_and_no_rows(analyst_client: Client, workspace: Workspace) -> None:
    made = checked_import(workspace, b"id,country\nsecret-id,?\n")
    text = analyst_client.get(page(made)).text
    assert "Receipt of 1 row" in text
    assert "secret-id" not in text
    assert "only marketers and admins see them" in text


def test_an_import_starts_once(marketer_client: Client) -> None:
    made = checked(marketer_client, "external_id\na\n")
    for _ in range(2):
        marketer_client.post(page(made))
    assert len(jobs_of(RUN)) == 2  # the check, the import
    run_last_job()
    marketer_client.post(page(made))
    marketer_client.post(page(made, "columns/"), proposed(marketer_client, made))
    assert len(jobs_of(RUN)) == 2


def test_what_was_not_checked_does_not_start(marketer_client: Client) -> None:
    made = uploaded(marketer_client, "external_id\na\n")
    marketer_client.post(page(made))
    made.refresh_from_db()
    assert (made.state, jobs_of(RUN)) == ("draft", [])


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_whatever_its_length(
    analyst_client: Client, workspace: Workspace, count: int, django_assert_num_queries: Any
) -> None:
    made = [checked_import(workspace) for _ in range(count)]
    with django_assert_num_queries(5):
        answer = analyst_client.get(IMPORTS)
    assert list(answer.context["page"]) == made[::-1]


def expire(csv_import: CsvImport) -> None:
    past = timezone.now() - timedelta(seconds=1)
    CsvImport.objects.filter(pk=csv_import.pk).update(expires_at=past)


def test_what_is_past_its_time_is_dropped(marketer_client: Client, workspace: Workspace) -> None:
    forgotten, waiting = checked_import(workspace), checked_import(workspace)
    done = imported(marketer_client, "external_id,country\na,?\n")
    for each in (forgotten, done):
        expire(each)
    drop_expired_imports(timestamp=0)
    assert set(CsvImport.objects.all()) == {waiting, done}
    kept = {csv_imports.file_of(waiting), csv_imports.rejected_file_of(waiting)}
    assert set(csv_imports.folder().iterdir()) == kept
    assert "Receipt of 1 row" in marketer_client.get(page(done)).text
    assert marketer_client.get(page(done, "rejected.csv"))["Location"] == page(done)


def test_a_file_that_is_gone_fails(marketer_client: Client, workspace: Workspace) -> None:
    made = checked_import(workspace)
    csv_imports.file_of(made).unlink()
    assert marketer_client.get(page(made, "columns/")).status_code == 200
    marketer_client.post(page(made))
    run_last_job()
    made.refresh_from_db()
    assert (made.state, in_words(made.reason)) == (
        "failed",
        "The file could not be read: No such file or directory.",
    )
    assert "Continue where it stopped" not in marketer_client.get(page(made)).text


def killed(attempts: int) -> None:
    """Make it as if the worker was killed in the middle of the newest job, the only one left."""
    *over, job = jobs_of(RUN)
    with connection.cursor() as cursor:
        for each in over:
            cursor.execute("delete from procrastinate_jobs where id = %s", [each.pk])
        cursor.execute(
            "update procrastinate_jobs set status = 'doing', attempts = %s where id = %s",
            [attempts, job.pk],
        )


def test_a_killed_worker_is_followed_by_another(
    marketer_client: Client, workspace: Workspace
) -> None:
    made = checked_import(workspace)
    marketer_client.post(page(made))
    killed(attempts=0)
    mend_imports(timestamp=0)
    job = jobs_of(RUN)[-1]
    assert (job.status, job.attempts) == ("todo", 1)
    run_import(**job.args)
    made.refresh_from_db()
    assert made.state == ImportState.DONE


def test_one_that_kills_every_worker_fails_and_can_go_on(
    marketer_client: Client, workspace: Workspace
) -> None:
    made = checked_import(workspace)
    marketer_client.post(page(made))
    killed(attempts=csv_imports.STARTS)
    mend_imports(timestamp=0)
    made.refresh_from_db()
    assert made.reason == "The worker was stopped while it read the file."
    assert "Continue where it stopped" in marketer_client.get(page(made)).text
    marketer_client.post(page(made))
    run_last_job()
    made.refresh_from_db()
    assert made.state == ImportState.DONE


def test_a_worker_that_lives_is_left_alone(marketer_client: Client, workspace: Workspace) -> None:
    made = checked_import(workspace)
    marketer_client.post(page(made))
    mend_imports(timestamp=0)
    made.refresh_from_db()
    assert made.state == ImportState.IMPORTING
