"""What was written down by a job or in a file is said in the language of whoever reads it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from lib.wording import Sentence, in_words
from profiles.csv_import import imports as csv_imports
from profiles.models import CsvImport, ImportState
from segments.exports.csv_file import write_export
from segments.models import SegmentExport
from tests.worlds.csv_uploads import checked, page, run_last_job, upload
from tests.worlds.factories import SegmentFactory, checked_import
from workspaces.models import Workspace


@pytest.fixture
def french(marketer_client: Client) -> Client:
    marketer_client.cookies["django_language"] = "fr"
    return marketer_client


HEADER = "external_id,email,country,gender,plan,score,tags,seen,box,beta"
TYPES = {
    f"c{place}-{part}": text
    for place, kind in enumerate(["string", "number", "array", "time", "object", "boolean"], 4)
    for part, text in (("target", "custom"), ("type", kind))
}
REASONS = {
    "a,nonsense,,,,,,,,": "« email » doit être une adresse e-mail",
    "b,,Utopia,,,,,,,": "« country » doit être un code de deux lettres",
    "c,,,X,,,,,,": "« gender » doit être l’une des valeurs M, F, O, N, P, ou null",
    f"d,,,,{'x' * 256},,,,,": "« plan » doit avoir au plus 255 caractères",
    "e,,,,,many,,,,": "« score » doit être un nombre",
    "f,,,,,,[1,,,": "« tags » doit être une liste",
    "g,,,,,,,soon,,": "« seen » doit être une date et heure",
    "h,,,,,,,,box,": "« box » doit être un objet",
    "i,,,,,,,,,maybe": "« beta » doit être un booléen",
    "j": "La ligne compte 1 cellules, l’en-tête 10.",
    ",,,,x,,,,,": "La ligne ne désigne aucun utilisateur.",
    f"{'k' * 998},,,,,,,,,": "« external_id » doit avoir au plus 997 octets",
}


def with_plain_spaces(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def test_rejected_rows_are_explained_on_the_page_and_in_the_download(french: Client) -> None:
    made = checked(french, "\n".join([HEADER, *REASONS]), **TYPES)
    assert made.rejected == len(REASONS)
    shown = with_plain_spaces(french.get(page(made)).text)
    file = with_plain_spaces(b"".join(french.get(page(made, "rejected.csv"))).decode())
    lines = file.splitlines()
    assert lines[0] == f"line,reason,{HEADER}"
    for line, reason in zip(lines[1:], REASONS.values(), strict=True):
        assert reason in line
        assert reason in shown


def test_the_same_rows_are_explained_in_english(french: Client) -> None:
    made = checked(french, "\n".join([HEADER, *REASONS]), **TYPES)
    french.cookies["django_language"] = "en"
    assert "&#x27;country&#x27; must be a code of two letters" in french.get(page(made)).text
    file = b"".join(french.get(page(made, "rejected.csv"))).decode()
    assert file.splitlines()[2] == "3,'country' must be a code of two letters,b,,Utopia,,,,,,,"


def test_a_braze_id_that_nobody_has_is_explained(french: Client) -> None:
    made = checked(french, "braze_id,country\nnobody,FR\n")
    assert "Aucun utilisateur n’a cet ID Braze." in french.get(page(made)).text


def failed(client: Client, csv_import: CsvImport) -> str:
    csv_import.refresh_from_db()
    assert csv_import.state == ImportState.FAILED
    return with_plain_spaces(client.get(page(csv_import)).text)


def test_a_check_that_failed_says_why(
    french: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profiles.csv_import.repeats.MOST_ROWS", 1)
    made = checked(french, "external_id\na\nb\n")
    assert "Le fichier compte plus de 1 lignes." in failed(french, made)


def test_an_import_of_a_file_that_is_gone_says_so(french: Client, workspace: Workspace) -> None:
    made = checked_import(workspace)
    csv_imports.file_of(made).unlink()
    french.post(page(made))
    run_last_job()
    assert "Le fichier n’a pas pu être lu : No such file or directory." in failed(french, made)


def test_a_file_that_cannot_be_read_is_refused_in_french(french: Client) -> None:
    answer = with_plain_spaces(upload(french, b"a,b\n\xff\xfe\xfd,2\n").text)
    assert "La ligne 2 n’est pas en UTF-8 valide." in answer


def test_a_list_that_cannot_be_read_is_refused_in_french(french: Client) -> None:
    url = "/w/acme/segments/lists/new/"
    file = SimpleUploadedFile("list.csv", b"plan,country\na,b\n")
    answer = with_plain_spaces(french.post(url, {"name": "Mine", "file": file}).text)
    assert "La ligne 1 ne nomme aucune colonne connue." in answer


def test_an_export_that_failed_says_why(french: Client, workspace: Workspace) -> None:
    leaf = {"filter": "nonsense", "operator": "is", "value": []}
    segment = SegmentFactory(workspace=workspace, tree={"groups": [{"filters": [leaf]}]})
    export = SegmentExport.objects.create(segment=segment, columns=["user_id"])
    write_export(export.pk)
    shown = french.get(f"/w/acme/segments/exports/{export.pk}/").text
    assert "Le segment renvoie à quelque chose qui n’existe plus" in shown


def test_what_an_earlier_release_kept_is_said_as_it_is() -> None:
    with translation.override("fr"):
        assert in_words("The file is empty.") == "Le fichier est vide."
        assert in_words("'x' must be fun") == "'x' must be fun"
        assert in_words("[half a sentence") == "[half a sentence"
        assert in_words("") == ""


def test_a_value_is_never_taken_for_a_sentence() -> None:
    name = '["The file is empty.", {}]'
    said = Sentence("The file could not be read: %(what)s.", what=name)
    with translation.override("fr"):
        assert with_plain_spaces(in_words(said.dump())).endswith(f": {name}.")
