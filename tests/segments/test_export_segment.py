"""``/users/export/segment``: from the call to the file and to the news that it is there."""

import gzip
import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lib.outbound import Unreachable
from profiles.events import NewEvent, record_events
from profiles.models import EventKind
from segments.exports import jobs, user_objects_file
from segments.models import ExportState, Segment, UserExport
from segments.tasks import call_back, drop_expired_exports, mend_exports, write_user_export
from tests.profiles.test_events import at_once
from tests.segments.test_segment_sizes import FRENCH_TREE
from tests.worlds.factories import AliasFactory, ProfileFactory, SegmentFactory
from tests.worlds.receivers import Answer, Receiver, receiving
from tests.worlds.rest_callers import RestCaller, rest_caller
from tests.worlds.waiting_jobs import jobs_of
from workspaces.models import AuditEntry, Workspace

PATH = "/users/export/segment"
UNDER_WAY = "An export of this segment is under way: wait until it is ready"


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace, "users.export.segment")


@pytest.fixture
def french(workspace: Workspace) -> Segment:
    return SegmentFactory(workspace=workspace, tree=FRENCH_TREE)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.OUTBOUND_ALLOW = [ip_network("127.0.0.0/8")]
    with receiving() as receiver:
        yield receiver


def asked(segment: Segment, *fields: str, **more: Any) -> dict[str, Any]:
    return {"segment_id": str(segment.pk), "fields_to_export": fields or ("external_id",)} | more


def begun(caller: RestCaller, segment: Segment, *fields: str, **more: Any) -> dict[str, Any]:
    answer = caller.post(PATH, asked(segment, *fields, **more))
    assert (answer.status_code, answer.json()["message"]) == (201, "success")
    return answer.json()


def work() -> None:
    """Do what the worker would do: the last export that was asked for."""
    write_user_export(**jobs_of(user_objects_file.TASK)[-1].args)


def fetched(url: str, method: str = "get") -> Any:
    """Fetch the file as anybody could, without a key and without signing in."""
    answer = getattr(Client(), method)(urlsplit(url).path)
    answer.file = answer.getvalue()
    return answer


def unzipped(answer: Any) -> dict[str, list[dict[str, Any]]]:
    archive = ZipFile(io.BytesIO(answer.file))
    assert archive.testzip() is None
    return {
        name: [json.loads(line) for line in archive.read(name).splitlines()]
        for name in archive.namelist()
    }


def users(caller: RestCaller, segment: Segment, *fields: str, **more: Any) -> list[dict[str, Any]]:
    """Export a segment from end to end; return the users of its file."""
    url = begun(caller, segment, *fields, **more)["url"]
    work()
    return [user for file in unzipped(fetched(url)).values() for user in file]


# From the call to the file


def test_an_export_goes_from_the_call_to_the_file(caller: RestCaller, french: Segment) -> None:
    ProfileFactory(workspace=french.workspace, external_id="a", country="FR", first_name="Zoé")
    ProfileFactory(workspace=french.workspace, external_id="b", country="DE")
    answer = begun(caller, french, "external_id", "first_name")
    prefix, url = answer["object_prefix"], answer["url"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d{10}", prefix)
    assert url.startswith("http://testserver/users/export/files/")
    assert fetched(url).status_code == 404
    work()
    file = fetched(url)
    assert (file.status_code, file["Content-Type"]) == (200, "application/zip")
    assert file["Content-Disposition"] == f'attachment; filename="{prefix}.zip"'
    assert "no-store" in file["Cache-Control"]
    user = {"external_id": "a", "first_name": "Zoé"}
    assert unzipped(file) == {f"{prefix}-00001.json": [user]}


def test_files_have_so_many_users_each(
    caller: RestCaller, french: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_objects_file, "PER_FILE", 3)
    monkeypatch.setattr(user_objects_file, "BATCH", 2)
    people = [ProfileFactory(workspace=french.workspace, country="FR") for _ in range(7)]
    url = begun(caller, french)["url"]
    work()
    files = [[u["external_id"] for u in file] for file in unzipped(fetched(url)).values()]
    ids = [person.external_id for person in people]
    assert files == [ids[:3], ids[3:6], ids[6:]]


def test_gzip_holds_all_in_one(
    caller: RestCaller, french: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_objects_file, "PER_FILE", 2)
    people = [ProfileFactory(workspace=french.workspace, country="FR") for _ in range(3)]
    url = begun(caller, french, output_format="gzip")["url"]
    work()
    file = fetched(url)
    lines = gzip.decompress(file.file).splitlines()
    assert [json.loads(line)["external_id"] for line in lines] == [p.external_id for p in people]
    assert file["Content-Type"] == "application/gzip"
    assert file["Content-Disposition"].endswith('.gz"')


def test_nobody_is_an_empty_file(caller: RestCaller, french: Segment) -> None:
    answer = begun(caller, french)
    work()
    assert unzipped(fetched(answer["url"])) == {f"{answer['object_prefix']}-00001.json": []}


def test_chosen_custom_attributes_alone(caller: RestCaller, french: Segment) -> None:
    custom = {"plan": "pro", "size": 3}
    ProfileFactory(workspace=french.workspace, country="FR", custom=custom)
    some = {"custom_attributes_to_export": ["size", "none"]}
    assert users(caller, french, "country", **some) == [
        {"country": "FR", "custom_attributes": {"size": 3}}
    ]
    assert users(caller, french, "custom_attributes", **some) == [{"custom_attributes": custom}]


def test_what_nobody_repeated_for_90_days_is_left_out(caller: RestCaller, french: Segment) -> None:
    person = ProfileFactory(workspace=french.workspace, country="FR")
    now = timezone.now()
    old, recent = now - timedelta(days=91), now - timedelta(days=89)
    done = [("Both", old), ("Both", recent), ("Old", old)]
    for kind in (EventKind.CUSTOM, EventKind.PURCHASE):
        events = [NewEvent(person.pk, kind, name, time) for name, time in done]
        record_events(french.workspace, events)
    [user] = users(caller, french, "custom_events", "purchases")
    for said in (user["custom_events"], user["purchases"]):
        assert [(one["name"], one["count"], one["first"][:10]) for one in said] == [
            ("Both", 2, old.date().isoformat())
        ]


def test_the_address_is_the_one_that_partners_call(
    caller: RestCaller, french: Segment, settings: Any
) -> None:
    settings.REST_ENDPOINT = "https://rest.acme.example"
    url = begun(caller, french)["url"]
    assert url.startswith("https://rest.acme.example/users/export/files/")


def test_the_caller_may_know_us_by_a_long_name(
    caller: RestCaller, french: Segment, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    host = ".".join(["a" * 60] * 20)
    headers = caller.authorization | {"Host": host}
    answer = caller.client.post(PATH, asked(french), "application/json", headers=headers)
    assert answer.json()["url"].startswith(f"http://{host}/users/export/files/")


# Who may fetch it, and until when


def test_an_address_that_was_guessed_leads_nowhere(caller: RestCaller, french: Segment) -> None:
    url = begun(caller, french)["url"]
    work()
    path = urlsplit(url).path
    export = UserExport.objects.get()
    for guess in (path[:-1], f"{path}x", f"/users/export/files/{export.pk}", path[:-4]):
        answer = Client().get(guess)
        assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})
    assert Client().post(path).status_code == 405


def test_a_file_is_gone_when_its_time_is_over(caller: RestCaller, french: Segment) -> None:
    url = begun(caller, french)["url"]
    work()
    kept = UserExport.objects.get().expires_at - timezone.now()
    assert timedelta(hours=3, minutes=59) < kept < timedelta(hours=4)
    UserExport.objects.update(expires_at=timezone.now())
    assert fetched(url).status_code == 404
    drop_expired_exports(timestamp=0)
    assert not UserExport.objects.exists()
    assert list(jobs.folder().iterdir()) == []


def test_a_file_that_is_kept_stays(caller: RestCaller, french: Segment) -> None:
    url = begun(caller, french)["url"]
    work()
    drop_expired_exports(timestamp=0)
    assert fetched(url).status_code == 200


def test_request_and_download_are_on_record(caller: RestCaller, french: Segment) -> None:
    url = begun(caller, french, "email", custom_attributes_to_export=["plan"])["url"]
    work()
    fetched(url)
    assert fetched(url, "head").file == b""
    downloaded, requested = AuditEntry.objects.values_list("action", "subject", "actor", "detail")
    columns = ["custom_attributes", "email", "plan"]
    expected = ("Exported Users", french.name, None)
    assert requested == (*expected, {"step": "Requested", "columns": columns, "api_key": "Test"})
    assert downloaded == (*expected, {"step": "Downloaded", "columns": columns})


# One at a time


def test_a_segment_is_exported_once_at_a_time(caller: RestCaller, french: Segment) -> None:
    begun(caller, french)
    answer = caller.post(PATH, asked(french))
    assert (answer.status_code, answer.json()) == (429, {"message": UNDER_WAY})
    begun(caller, SegmentFactory(workspace=french.workspace))
    write_user_export(**jobs_of(user_objects_file.TASK)[0].args)
    begun(caller, french)


def test_a_workspace_has_so_many_at_once(
    caller: RestCaller, french: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_objects_file, "MOST_AT_ONCE", 2)
    theirs = SegmentFactory()
    UserExport.objects.create(segment=theirs, fields=["email"])
    for _ in range(2):
        begun(caller, SegmentFactory(workspace=french.workspace))
    answer = caller.post(PATH, asked(french))
    assert answer.status_code == 429
    assert answer.json() == {"message": "2 exports are under way: wait until one is ready"}


@pytest.mark.django_db(transaction=True)
def test_of_two_calls_at_once_one_is_turned_away(caller: RestCaller, french: Segment) -> None:
    caller.post(PATH, {})  # begins the window in which calls are counted
    answers: list[int] = []
    call = lambda: answers.append(caller.post(PATH, asked(french)).status_code)  # noqa: E731
    at_once([call] * 4)
    assert sorted(answers) == [201, 429, 429, 429]
    assert UserExport.objects.count() == 1


# What goes wrong


def test_what_fails_leaves_no_file(caller: RestCaller, workspace: Workspace) -> None:
    leaf = {"filter": "nonsense", "operator": "is", "value": []}
    segment = SegmentFactory(workspace=workspace, tree={"groups": [{"filters": [leaf]}]})
    url = begun(caller, segment, callback_endpoint="https://example.com/")["url"]
    work()
    assert UserExport.objects.get().state == ExportState.FAILED
    assert fetched(url).status_code == 404
    assert (list(jobs.folder().iterdir()), jobs_of(user_objects_file.CALL_BACK)) == ([], [])
    begun(caller, segment)


def test_a_killed_worker_is_followed_by_another(caller: RestCaller, french: Segment) -> None:
    url = begun(caller, french)["url"]
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_jobs set status = 'doing'")
    UserExport.objects.update(state=ExportState.RUNNING)
    mend_exports(timestamp=0)
    assert [job.status for job in jobs_of(user_objects_file.TASK)] == ["todo"]
    work()
    assert fetched(url).status_code == 200


def test_one_that_no_job_works_on_fails(french: Segment) -> None:
    UserExport.objects.create(segment=french, fields=["email"])
    mend_exports(timestamp=0)
    assert UserExport.objects.get().state == ExportState.FAILED


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"segment_id": None}, "`segment_id` must be the identifier of a segment"),
        ({"segment_id": 7}, "Invalid Segment ID: this workspace has no such segment"),
        ({"segment_id": "x"}, "`segment_id` must be the identifier of a segment"),
        ({"segment_id": {}}, "`segment_id` must be the identifier of a segment"),
        ({"fields_to_export": None}, "`fields_to_export` must be an array of strings"),
        ({"fields_to_export": []}, "`fields_to_export` must name a field"),
        ({"fields_to_export": ["\ud800"]}, "`fields_to_export` must be an array of strings"),
        ({"fields_to_export": ["x"]}, "`fields_to_export` has an unknown field: x"),
        ({"output_format": "rar"}, "`output_format` must be zip or gzip"),
        (
            {"custom_attributes_to_export": ["x"] * 501},
            "`custom_attributes_to_export` may have 500 names",
        ),
        (
            {"custom_attributes_to_export": "x"},
            "`custom_attributes_to_export` must be an array of strings",
        ),
        *(
            (
                {"callback_endpoint": url},
                "`callback_endpoint` must be a URL of at most 2000 characters",
            )
            for url in (
                "example_endpoint",
                "ftp://example.com/",
                "https://example.com/\0",
                f"https://example.com/{'x' * 2000}",
                ["https://example.com/"],
                "https://example.com/\ud800",
            )
        ),
    ],
)
def test_a_wrong_request_says_what_is_wrong(
    caller: RestCaller, french: Segment, more: dict[str, Any], message: str
) -> None:
    answer = caller.post(PATH, asked(french) | more)
    assert (answer.status_code, answer.json()) == (400, {"message": message})
    assert not UserExport.objects.exists()


@pytest.mark.parametrize("body", [{}, [], [1], "x", None])
def test_what_is_no_request_is_refused(caller: RestCaller, body: Any) -> None:
    assert caller.post(PATH, body).status_code == 400


def test_fields_must_be_named(caller: RestCaller, french: Segment) -> None:
    answer = caller.post(PATH, {"segment_id": str(french.pk)})
    assert answer.status_code == 400
    assert answer.json() == {"message": "`fields_to_export` must be an array of strings"}


def test_a_segment_of_another_workspace_is_none(caller: RestCaller) -> None:
    answer = caller.post(PATH, asked(SegmentFactory()))
    message = "Invalid Segment ID: this workspace has no such segment"
    assert (answer.status_code, answer.json()) == (400, {"message": message})


def test_a_key_needs_the_permission(workspace: Workspace, french: Segment) -> None:
    answer = rest_caller(workspace, "users.export.ids").post(PATH, asked(french))
    assert answer.status_code == 403


# The news that it is there


def test_the_callback_gets_the_address(
    caller: RestCaller, french: Segment, receiver: Receiver
) -> None:
    url = begun(caller, french, callback_endpoint=f"{receiver.url}?a=b")["url"]
    work()
    [job] = jobs_of(user_objects_file.CALL_BACK)
    call_back(**job.args)
    [told] = receiver.requests
    assert json.loads(told.body) == {"success": True, "url": url}
    assert told.path.endswith("/events?a=b")
    assert told.headers["content-type"] == "application/json"


def test_a_callback_that_does_not_take_it_is_called_again(
    caller: RestCaller, french: Segment, receiver: Receiver
) -> None:
    receiver.answers = lambda request: Answer(500)
    begun(caller, french, callback_endpoint=receiver.url)
    work()
    [job] = jobs_of(user_objects_file.CALL_BACK)
    with pytest.raises(user_objects_file.CallbackFailed):
        call_back(**job.args)
    decision = user_objects_file.CALLBACK_RETRIES.get_retry_decision(
        exception=user_objects_file.CallbackFailed(), job=job.procrastinate_job
    )
    assert decision is not None


def test_a_callback_that_cannot_be_reached_is_called_again(
    caller: RestCaller, french: Segment, receiver: Receiver
) -> None:
    begun(caller, french, callback_endpoint="http://127.0.0.1:1/")
    work()
    [job] = jobs_of(user_objects_file.CALL_BACK)
    with pytest.raises(Unreachable):
        call_back(**job.args)


def test_a_callback_to_an_address_within_is_not_made(
    caller: RestCaller, french: Segment, receiver: Receiver, settings: Any
) -> None:
    settings.OUTBOUND_ALLOW = []
    begun(caller, french, callback_endpoint=receiver.url)
    work()
    [job] = jobs_of(user_objects_file.CALL_BACK)
    call_back(**job.args)
    assert receiver.requests == []


def test_without_a_callback_nobody_is_told(caller: RestCaller, french: Segment) -> None:
    begun(caller, french)
    work()
    assert jobs_of(user_objects_file.CALL_BACK) == []


# What it costs


@pytest.mark.parametrize("people", [1, 3])
def test_a_file_takes_as_many_queries_whoever_is_in_it(
    caller: RestCaller, french: Segment, people: int
) -> None:
    for _ in range(people):
        AliasFactory(profile__workspace=french.workspace, profile__country="FR")
    begun(caller, french, "external_id", "user_aliases", "custom_events")
    [job] = jobs_of(user_objects_file.TASK)
    with CaptureQueriesContext(connection) as queries:
        write_user_export(**job.args)
    reading = [q for q in queries.captured_queries if re.match("(?i)select .*profiles_", q["sql"])]
    assert len(reading) == 3
