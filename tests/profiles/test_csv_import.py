"""Importing people by CSV: what becomes of the rows, and receipts that add up."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client

from lib.wording import in_words
from profiles.csv_import import imports as csv_imports
from profiles.csv_import import rejected as csv_rejected
from profiles.csv_import import runs as csv_runs
from profiles.models import Alias, CsvImport, CustomAttribute, Profile
from tests.worlds.csv_uploads import checked, imported, page, receipt, upload, uploaded
from tests.worlds.factories import AliasFactory, ProfileFactory
from workspaces.models import AuditEntry, Member, Workspace


def person(workspace: Workspace, external_id: str) -> Profile:
    return Profile.objects.get(workspace=workspace, external_id=external_id)


def rejected(csv_import: CsvImport) -> list[str]:
    file = csv_imports.rejected_file_of(csv_import)
    return b"".join(csv_rejected.written(file, language="en")).decode().splitlines()


def test_people_are_created_and_updated(
    marketer_client: Client, marketer: Member, workspace: Workspace
) -> None:
    ann = ProfileFactory(workspace=workspace, external_id="ann", country="DE", last_name="Ek")
    ProfileFactory(workspace=workspace, external_id="cid", country="FR")
    file = "external_id,first_name,country\nann,Ann,fr\nbob,Bob,US\ncid,,FR\ndan,Dan,France\n"
    made = imported(marketer_client, file)
    assert (made.state, receipt(made)) == ("done", (1, 1, 1, 1))
    ann.refresh_from_db()
    assert (ann.first_name, ann.last_name, ann.country) == ("Ann", "Ek", "FR")
    bob = person(workspace, "bob")
    assert (bob.first_name, bob.country, bob.email_subscribe) == ("Bob", "US", "subscribed")
    assert rejected(made) == [
        "line,reason,external_id,first_name,country",
        "5,'country' must be a code of two letters,dan,Dan,France",
    ]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject, entry.actor) == (
        "User Import Started",
        "people.csv",
        marketer.user,
    )


def test_the_same_file_twice_changes_nothing(marketer_client: Client, workspace: Workspace) -> None:
    file = (
        "external_id,email,dob,plan,score,tags,seen,marked_email_as_spam_at,email_subscribe\n"
        "a,a@example.com,1990-02-03,pro,1.50,x;y,2026-01-02,2026-01-02T03:04:05Z,opted_in\n"
        "b,,,,,,,,\n"
        "a,z@example.com,1990-02-04,free,2,x,2026-01-03,2026-01-03T03:04:05Z,subscribed\n"
    )
    assert receipt(imported(marketer_client, file, **{"c5-type": "array"})) == (2, 0, 1, 0)
    marks = list(Profile.objects.order_by("pk").values_list("pk", "changed"))
    assert receipt(imported(marketer_client, file, **{"c5-type": "array"})) == (0, 0, 3, 0)
    assert list(Profile.objects.order_by("pk").values_list("pk", "changed")) == marks


def test_a_check_counts_and_writes_nothing(marketer_client: Client, workspace: Workspace) -> None:
    ProfileFactory(workspace=workspace, external_id="ann")
    before = list(Profile.objects.values())
    made = checked(
        marketer_client,
        "external_id,plan,age\nann,pro,7\nbob,pro,8\nann,pro,x\n",
        **{"c2-type": "number"},
    )
    assert (made.state, receipt(made)) == ("checked", (1, 1, 0, 1))
    assert list(Profile.objects.values()) == before
    assert not CustomAttribute.objects.exists()
    text = marketer_client.get(page(made)).text
    assert "Nothing is saved yet." in text
    assert "&#x27;age&#x27; must be a number" in text


def test_an_empty_cell_changes_nothing(marketer_client: Client, workspace: Workspace) -> None:
    known = {"country": "FR", "email": "a@b.fr", "email_subscribe": "opted_in", "dob": "1990-01-01"}
    ann = ProfileFactory(workspace=workspace, external_id="ann", custom={"plan": "pro"}, **known)
    file = "external_id,country,email,email_subscribe,dob,plan\nann,,  ,,,\n"
    assert receipt(imported(marketer_client, file)) == (0, 0, 1, 0)
    ann.refresh_from_db()
    assert (ann.country, ann.dob, ann.custom) == ("FR", date(1990, 1, 1), {"plan": "pro"})


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_of_several_rows_for_a_user_the_last_counts(
    marketer_client: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(csv_runs, "CHUNK", chunk)
    file = "external_id,plan,country\na,one,FR\nb,one,FR\na,two,DE\na,three,Utopia\n"
    made = imported(marketer_client, file)
    assert receipt(made) == (2, 0, 1, 1)
    assert (person(workspace, "a").custom, person(workspace, "a").country) == (
        {"plan": "two"},
        "DE",
    )


def test_custom_values_keep_their_types(marketer_client: Client, workspace: Workspace) -> None:
    file = (
        "user_id,vip,score,plan,tags,trial_ends,company,zip\n"
        'a,TRUE,7,pro,"[""x"", 2]",2026-01-02 03:04:05 +0200,"{""size"": 3}",00123\n'
        "b,false,-1.5,,[],2026-01-02,,\n"
    )
    imported(marketer_client, file)
    assert person(workspace, "a").custom == {
        "vip": True,
        "score": 7,
        "plan": "pro",
        "tags": ["x", 2],
        "trial_ends": "2026-01-02T01:04:05Z",
        "company": {"size": 3},
        "zip": "00123",
    }
    types = dict(CustomAttribute.objects.values_list("name", "type"))
    assert types == {
        "vip": "boolean",
        "score": "number",
        "plan": "string",
        "tags": "array",
        "trial_ends": "time",
        "company": "object",
        "zip": "string",
    }


def test_the_type_of_a_known_attribute_is_proposed(
    marketer_client: Client, workspace: Workspace
) -> None:
    CustomAttribute.objects.create(workspace=workspace, name="zip", type="number")
    imported(marketer_client, "external_id,zip\na,7\n")
    assert person(workspace, "a").custom == {"zip": 7}


def test_a_subscription_that_changes_says_since_when(
    marketer_client: Client, workspace: Workspace
) -> None:
    then = datetime(2026, 1, 1, tzinfo=UTC)
    for name in ("same", "other"):
        ProfileFactory(workspace=workspace, external_id=name, email_subscribe_at=then)
    imported(marketer_client, "external_id,email_subscribe\nsame,subscribed\nother,opted_in\n")
    assert person(workspace, "same").email_subscribe_at == then
    assert (person(workspace, "other").email_subscribe_at or then) > then


def test_a_braze_id_creates_nobody(marketer_client: Client, workspace: Workspace) -> None:
    ann = ProfileFactory(workspace=workspace)
    file = f"braze_id,country\n{ann.braze_id.upper()},FR\n{'0' * 24},DE\n"
    made = imported(marketer_client, file)
    assert receipt(made) == (0, 1, 0, 1)
    assert rejected(made)[1] == f"3,No user has this Braze ID.,{'0' * 24},DE"


def test_an_alias_finds_or_makes_a_person(marketer_client: Client, workspace: Workspace) -> None:
    known = AliasFactory(profile__workspace=workspace, label="crm", name="7").profile
    AliasFactory(profile__workspace=workspace, label="other", name="8")
    made = imported(marketer_client, "alias_name,country\n7,FR\n8,DE\n", **{"c0-name": "crm"})
    assert receipt(made) == (1, 1, 0, 0)
    new = Alias.objects.get(label="crm", name="8").profile
    assert (new.external_id, new.country, new.workspace) == (None, "DE", workspace)
    known.refresh_from_db()
    assert known.country == "FR"


def test_two_aliases_of_a_person_are_one_change(
    marketer_client: Client, workspace: Workspace
) -> None:
    ann = ProfileFactory(workspace=workspace)
    for name in ("1", "2"):
        AliasFactory(profile=ann, label="crm", name=name)
    file = "alias_name,country\n1,FR\n2,DE\n"
    assert receipt(imported(marketer_client, file, **{"c0-name": "crm"})) == (0, 1, 1, 0)
    ann.refresh_from_db()
    assert ann.country == "DE"


@pytest.mark.parametrize(("kind", "value"), [("email", "ann@example.com"), ("phone", "+33 6 12")])
def test_an_address_or_number_finds_the_identified_first(
    marketer_client: Client, workspace: Workspace, kind: str, value: str
) -> None:
    ProfileFactory(workspace=workspace, external_id=None, **{kind: value})
    ann = ProfileFactory(workspace=workspace, external_id="ann", **{kind: value})
    new = "new@example.com" if kind == "email" else "+33699"
    made = imported(marketer_client, f"{kind},country\n{value},FR\n{new},DE\n")
    assert receipt(made) == (1, 1, 0, 0)
    ann.refresh_from_db()
    assert ann.country == "FR"
    made_new = Profile.objects.get(**{kind: new})
    assert (made_new.external_id, made_new.country) == (None, "DE")


def test_an_address_is_the_same_in_any_case(marketer_client: Client, workspace: Workspace) -> None:
    ann = ProfileFactory(workspace=workspace, email="ann@example.com")
    file = "email,country\nAnn@Example.com,FR\nANN@example.com,DE\n"
    assert receipt(imported(marketer_client, file)) == (0, 1, 1, 0)
    ann.refresh_from_db()
    assert (ann.email, ann.country) == ("ann@example.com", "DE")


def test_rows_that_cannot_be_taken_say_why(marketer_client: Client, workspace: Workspace) -> None:
    file = (
        "external_id,email,plan\n"
        "a,nonsense,x\n"
        "b\n"
        ",c@example.com,x\n"
        f"{'é' * 500},,x\n"
        f'd,,"a\n{"b" * 256}"\n'
        "\n"
        "e,e@example.com,x\n"
    )
    made = imported(marketer_client, file)
    assert receipt(made) == (1, 0, 0, 5)
    told = csv_rejected.read(csv_imports.rejected_file_of(made), 10)
    assert [(line, reason) for line, reason, _ in told] == [
        ("2", "'email' must be an e-mail address"),
        ("3", "The row has 1 cells, the header 3."),
        ("4", "The row names no user."),
        ("5", "'external_id' must have at most 997 bytes"),
        ("6", "'plan' must have at most 255 characters"),
    ]


@pytest.mark.parametrize(
    ("typed", "written"),
    [("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-2+3", "'-2+3"), ("+33612", "+33612")],
)
def test_a_spreadsheet_takes_no_rejected_row_for_a_formula(
    marketer_client: Client, workspace: Workspace, typed: str, written: str
) -> None:
    made = checked(marketer_client, f"external_id,country,=x\na,Utopia,{typed}\n")
    answer = marketer_client.get(page(made, "rejected.csv"))
    assert answer["Content-Disposition"] == 'attachment; filename="people-rejected.csv"'
    text = b"".join(answer).decode()  # type: ignore[arg-type]
    assert text.splitlines()[0] == "line,reason,external_id,country,'=x"
    assert text.splitlines()[1].endswith(f",a,Utopia,{written}")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_files_of_all_spellings_are_read(
    marketer_client: Client, workspace: Workspace, encoding: str, delimiter: str
) -> None:
    rows = [["external_id", "last name", "note"], ["é", '"Ek\n; |, Jr"', '"a ""b"""']]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    imported(marketer_client, text.encode(encoding))
    ann = person(workspace, "é")
    assert (ann.last_name, ann.custom) == ("Ek\n; |, Jr", {"note": 'a "b"'})


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "The submitted file is empty."),
        (b"\n\n", "The first line names no column."),
        (b"a,b\n\xff\xfe\xfd,2\n", "Line 2 is not valid UTF-8."),
        (b"a,b\nx\0,2\n", "Line 2 has a null character in it."),
        (b'a,b\n"x,2\n3,4\n', "Line 2: a quotation mark is missing"),
        (b",".join([b"x"] * 251), "The file has more than 250 columns."),
        (b"x" * 70_000, "Line 1 is longer than 65,536 characters."),
    ],
)
def test_what_is_no_csv_is_refused(
    marketer_client: Client, workspace: Workspace, file: bytes, words: str
) -> None:
    assert words in upload(marketer_client, file).text
    assert not CsvImport.objects.exists()


def test_a_file_that_breaks_off_later_writes_nothing(
    marketer_client: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_imports, "SAMPLE", 2)
    monkeypatch.setattr(csv_runs, "CHUNK", 2)
    rows = b"".join(b"user-%d,x\n" % n for n in range(50_000))
    made = checked(marketer_client, b"external_id,plan\n" + rows + b"\xff,y\n")
    assert (made.state, in_words(made.reason)) == (
        "failed",
        "Line 50,002 is not valid UTF-8. Save the file as “CSV UTF-8”.",
    )
    assert not Profile.objects.exists()


def test_a_file_of_its_header_alone_fails(marketer_client: Client, workspace: Workspace) -> None:
    made = checked(marketer_client, "external_id,plan\n")
    assert (made.state, made.reason) == ("failed", "The file has a header and no rows.")


def test_a_file_with_too_many_rows_fails(
    marketer_client: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profiles.csv_import.repeats.MOST_ROWS", 2)
    made = checked(marketer_client, "external_id\na\nb\nc\n")
    assert (made.state, in_words(made.reason)) == ("failed", "The file has more than 2 rows.")


def test_people_of_another_workspace_are_left_alone(
    marketer_client: Client, workspace: Workspace
) -> None:
    theirs = ProfileFactory(external_id="a", country="DE")
    assert receipt(imported(marketer_client, "external_id,country\na,FR\n")) == (1, 0, 0, 0)
    theirs.refresh_from_db()
    assert theirs.country == "DE"


def test_the_uploaded_file_goes_when_it_is_imported(
    marketer_client: Client, workspace: Workspace
) -> None:
    waiting = uploaded(marketer_client, "external_id\na\n")
    assert csv_imports.file_of(waiting).exists()
    assert not csv_imports.file_of(imported(marketer_client, "external_id\na\n")).exists()


def evil() -> list[Any]:
    nested = "[" * 3000 + "]" * 3000
    return [
        ("object", nested),
        ("array", nested),
        ("array", '["\\ud800"]'),
        ("object", '{"a": "\\u0000"}'),
        ("object", '{"a": null}'),
        ("array", "[NaN]"),
        ("number", "9" * 400),
        ("number", "1e400"),
        ("number", "nan"),
        ("number", "٣"),
        ("time", "2026-13-40"),
        ("time", "2026-02-30T00:00:00Z"),
        ("boolean", "maybe"),
    ]


@pytest.mark.parametrize(("kind", "cell"), evil())
def test_an_evil_cell_is_rejected(
    marketer_client: Client, workspace: Workspace, kind: str, cell: str
) -> None:
    quoted = cell.replace('"', '""')
    made = imported(marketer_client, f'external_id,x\na,"{quoted}"\nb,\n', **{"c1-type": kind})
    assert receipt(made) == (1, 0, 0, 1)


@pytest.mark.parametrize("cell", ["\\N", "\\.", "a\\tb", '"a\tb"', "\\", "%s", "{}", "'; drop"])
def test_a_cell_that_copy_would_misread_is_kept(
    marketer_client: Client, workspace: Workspace, cell: str
) -> None:
    file = f"external_id,first_name,note\n{cell},{cell},{cell}\n"
    imported(marketer_client, file, **{"c2-type": "string"})
    made = Profile.objects.get()
    text = cell.strip('"')
    assert (made.external_id, made.first_name, made.custom) == (text, text, {"note": text})
