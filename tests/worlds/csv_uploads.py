"""Importing a CSV file as a member does: uploaded, columns chosen, checked, started."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from profiles.models import CsvImport
from profiles.tasks import run_import
from tests.worlds.waiting_jobs import jobs_of

IMPORTS = "/w/acme/users/import/"
RUN = "profiles.tasks.run_import"


def upload(client: Client, file: str | bytes, name: str = "people.csv") -> Any:
    content = file.encode() if isinstance(file, str) else file
    return client.post(f"{IMPORTS}new/", {"file": SimpleUploadedFile(name, content)})


def page(csv_import: CsvImport, part: str = "") -> str:
    return f"{IMPORTS}{csv_import.pk}/{part}"


def proposed(client: Client, csv_import: CsvImport) -> dict[str, str]:
    """Return what the page of columns would post as it stands."""
    form = client.get(page(csv_import, "columns/")).context["form"]
    return {field.html_name: field.value() for column in form for field in column}


def uploaded(client: Client, file: str | bytes) -> CsvImport:
    """Upload ``file``, which must be taken."""
    assert upload(client, file).status_code == 302
    return CsvImport.objects.latest("uploaded_at")


def run_last_job() -> None:
    """Do what the worker does with the newest job."""
    run_import(**jobs_of(RUN)[-1].args)


def checked(client: Client, file: str | bytes, **chosen: str) -> CsvImport:
    """Upload ``file`` and have it checked, columns as proposed but for ``chosen``."""
    made = uploaded(client, file)
    answer = client.post(page(made, "columns/"), proposed(client, made) | chosen)
    assert answer.status_code == 302, answer.context["form"].errors
    run_last_job()
    made.refresh_from_db()
    return made


def imported(client: Client, file: str | bytes, **chosen: str) -> CsvImport:
    """Upload, check and import ``file``."""
    made = checked(client, file, **chosen)
    assert made.state == "checked", made.reason
    client.post(page(made))
    run_last_job()
    made.refresh_from_db()
    return made


def receipt(csv_import: CsvImport) -> tuple[int, int, int, int]:
    """Return created, updated, unchanged, rejected: they add up to the rows."""
    counts = (
        csv_import.created,
        csv_import.updated,
        csv_import.unchanged,
        csv_import.rejected,
    )
    assert csv_import.total == csv_import.position == sum(counts)
    return counts
