"""Exports of the people of a segment: their columns, files, jobs and ends."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from profiles.models import CustomAttribute
from segments.exports import csv_file, jobs
from segments.models import ExportState, Segment, SegmentExport
from segments.tasks import drop_expired_exports, mend_exports, write_export
from tests.segments.test_segment_sizes import FRENCH_TREE
from tests.worlds.factories import AliasFactory, DeviceFactory, ProfileFactory, SegmentFactory
from tests.worlds.waiting_jobs import jobs_of
from workspaces.models import AuditEntry, Member, Workspace

RUN = "segments.tasks.write_export"


@pytest.fixture
def french(workspace: Workspace) -> Segment:
    return SegmentFactory(workspace=workspace, name="Les Français", tree=FRENCH_TREE)


def request(client: Client, segment: Segment, *columns: str) -> Any:
    return client.post(f"{segment.get_absolute_url()}export/", {"columns": columns})


def made(segment: Segment, *columns: str) -> SegmentExport:
    export = SegmentExport.objects.create(segment=segment, columns=columns)
    csv_file.write_export(export.pk)
    export.refresh_from_db()
    return export


def lines(export: SegmentExport) -> list[list[str]]:
    return list(csv.reader(io.StringIO(jobs.file_of(export).read_text())))


def page(export: SegmentExport, part: str = "") -> str:
    return f"/w/acme/segments/exports/{export.pk}/{part}"


def test_an_export_goes_from_the_form_to_the_file(
    marketer_client: Client, marketer: Member, french: Segment
) -> None:
    ProfileFactory(workspace=french.workspace, external_id="a", country="FR", email="a@b.fr")
    ProfileFactory(workspace=french.workspace, external_id="b", country="DE")
    answer = request(marketer_client, french, "user_id", "email", "country")
    [job] = jobs_of(RUN)
    write_export(**job.args)
    export = french.exports.get()
    assert answer["Location"] == page(export)
    assert (export.state, export.written, export.total) == (ExportState.DONE, 1, 1)
    assert "users.csv" in marketer_client.get(page(export)).text
    file = marketer_client.get(page(export, "users.csv"))
    assert b"".join(file) == b"user_id,email,country\na,a@b.fr,FR\n"
    day = timezone.localdate()
    assert file["Content-Disposition"] == f'attachment; filename="les-francais-{day}.csv"'
    assert [
        (entry.action, entry.detail["step"], entry.actor) for entry in AuditEntry.objects.all()
    ] == [
        ("Exported Users", "Downloaded", marketer.user),
        ("Exported Users", "Requested", marketer.user),
    ]


def test_people_come_by_id_in_batches(french: Segment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "BATCH", 2)
    known = [ProfileFactory(workspace=french.workspace, country="FR") for _ in range(5)]
    found = lines(made(french, "user_id"))
    assert found == [["user_id"], *([person.external_id] for person in known)]


def test_an_empty_segment_gives_the_header_alone(french: Segment) -> None:
    assert lines(made(french, "user_id", "country")) == [["user_id", "country"]]


def test_identifiers_and_custom_attributes_are_columns(french: Segment) -> None:
    CustomAttribute.objects.create(workspace=french.workspace, name="100% 'plan'", type="string")
    custom = {"100% 'plan'": 'a "pro", plan'}
    person = ProfileFactory(workspace=french.workspace, country="FR", custom=custom)
    for name in ("b", "a"):
        AliasFactory(profile=person, label="crm", name=name)
    DeviceFactory(profile=person, device_id="phone")
    export = made(french, "user_aliases", "devices", "custom:100% 'plan'")
    assert lines(export) == [
        ["user_aliases", "devices", "100% 'plan'"],
        ["crm:a, crm:b", "phone", 'a "pro", plan'],
    ]


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("+33123456", "+33123456"),
        ("-5.5", "-5.5"),
        ("a=b", "a=b"),
    ],
)
def test_a_spreadsheet_takes_nothing_for_a_formula(
    french: Segment, stored: str, written: str
) -> None:
    CustomAttribute.objects.create(workspace=french.workspace, name="=x", type="string")
    ProfileFactory(
        workspace=french.workspace, country="FR", home_city=stored, custom={"=x": stored}
    )
    export = made(french, "city", "custom:=x")
    with jobs.file_of(export).open(newline="") as file:
        assert list(csv.reader(file)) == [["city", "'=x"], [written, written]]


def test_an_analyst_exports_no_personal_data(analyst_client: Client, french: Segment) -> None:
    form = analyst_client.get(f"{french.get_absolute_url()}export/").context["form"]
    assert {"email", "first_name"}.isdisjoint(form["columns"].value())
    answer = request(analyst_client, french, "user_id", "email")
    assert "Select a valid choice." in answer.text
    assert not SegmentExport.objects.exists()
    assert request(analyst_client, french, "user_id").status_code == 302


def test_an_analyst_downloads_no_personal_data(analyst_client: Client, french: Segment) -> None:
    personal, plain = made(french, "user_id", "email"), made(french, "user_id")
    assert "only marketers and admins may download it" in analyst_client.get(page(personal)).text
    assert analyst_client.get(page(personal, "users.csv")).status_code == 403
    assert b"".join(analyst_client.get(page(plain, "users.csv"))) == b"user_id\n"


def test_a_column_must_be_chosen(marketer_client: Client, french: Segment) -> None:
    assert "Choose at least one column." in request(marketer_client, french).text


def test_progress_is_shown_while_it_runs(analyst_client: Client, french: Segment) -> None:
    export = SegmentExport.objects.create(
        segment=french, columns=["user_id"], state=ExportState.RUNNING, total=4000, written=1500
    )
    part = analyst_client.get(page(export), headers={"HX-Request": "true"}).text.strip()
    assert part.startswith('<section class="card" id="progress"')
    assert "1,500 of 4,000 users written" in part
    assert 'hx-trigger="every 1s"' in part
    assert analyst_client.get(page(export, "users.csv"))["Location"] == page(export)


def test_one_that_is_over_asks_no_more(analyst_client: Client, french: Segment) -> None:
    assert "hx-trigger" not in analyst_client.get(page(made(french, "user_id"))).text


def test_what_fails_says_why_and_leaves_no_file(
    analyst_client: Client, workspace: Workspace
) -> None:
    leaf = {"filter": "nonsense", "operator": "is", "value": []}
    segment = SegmentFactory(workspace=workspace, tree={"groups": [{"filters": [leaf]}]})
    export = made(segment, "user_id")
    assert export.state == ExportState.FAILED
    assert "refers to something that no longer exists" in analyst_client.get(page(export)).text
    assert list(jobs.folder().iterdir()) == []


def test_a_file_is_gone_when_its_time_is_over(analyst_client: Client, french: Segment) -> None:
    export = made(french, "user_id")
    expired = timezone.now() - timedelta(seconds=1)
    SegmentExport.objects.filter(pk=export.pk).update(expires_at=expired)
    assert "kept for 24 hours, and is gone" in analyst_client.get(page(export)).text
    assert analyst_client.get(page(export, "users.csv"))["Location"] == page(export)


def test_expired_exports_are_dropped_and_strays_too(french: Segment) -> None:
    over, kept, unsegmented = (made(french, "user_id") for _ in range(3))
    expired = timezone.now() - timedelta(seconds=1)
    SegmentExport.objects.filter(pk=over.pk).update(expires_at=expired)
    SegmentExport.objects.filter(pk=unsegmented.pk).delete()
    drop_expired_exports(timestamp=0)
    assert list(SegmentExport.objects.all()) == [kept]
    assert list(jobs.folder().iterdir()) == [jobs.file_of(kept)]


def killed(attempts: int) -> None:
    """Make it as if the worker of every export was killed in the middle."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update procrastinate_jobs set status = 'doing', attempts = %s where task_name = %s",
            [attempts, RUN],
        )
    SegmentExport.objects.update(state=ExportState.RUNNING)


def test_a_killed_worker_is_followed_by_another(marketer_client: Client, french: Segment) -> None:
    request(marketer_client, french, "user_id")
    killed(attempts=0)
    mend_exports(timestamp=0)
    [job] = jobs_of(RUN)
    assert (job.status, job.attempts) == ("todo", 1)
    write_export(**job.args)
    assert french.exports.get().state == ExportState.DONE


def test_one_that_kills_every_worker_fails(marketer_client: Client, french: Segment) -> None:
    request(marketer_client, french, "user_id")
    killed(attempts=2)
    mend_exports(timestamp=0)
    export = french.exports.get()
    assert export.state == ExportState.FAILED
    assert export.reason == "The worker was stopped while it wrote the file."
    [job] = jobs_of(RUN)
    write_export(**job.args)
    assert french.exports.get().state == ExportState.FAILED


def test_one_that_no_job_works_on_fails(french: Segment) -> None:
    SegmentExport.objects.create(segment=french, state=ExportState.RUNNING)
    mend_exports(timestamp=0)
    assert french.exports.get().state == ExportState.FAILED


def test_a_worker_that_lives_is_left_alone(marketer_client: Client, french: Segment) -> None:
    request(marketer_client, french, "user_id")
    mend_exports(timestamp=0)
    assert french.exports.get().state == ExportState.WAITING


def test_the_segment_page_lists_the_last_exports(analyst_client: Client, french: Segment) -> None:
    newest = [made(french, "user_id") for _ in range(6)][:0:-1]
    assert list(analyst_client.get(french.get_absolute_url()).context["exports"]) == newest


@pytest.mark.django_db(transaction=True)
def test_progress_is_seen_from_outside(workspace: Workspace) -> None:
    segment = SegmentFactory(workspace=workspace)
    ProfileFactory(workspace=workspace)
    export = made(segment, "user_id")
    with jobs.Progress(export) as progress:
        progress.tell(3, 7)
    export.refresh_from_db()
    assert (export.written, export.total) == (3, 7)
