"""The pages on which people are imported from a CSV file."""

from collections.abc import Iterator
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from profiles.csv_import import imports as csv_imports
from profiles.csv_import import rejected as csv_rejected
from profiles.csv_import.columns import Column
from profiles.csv_import.files import UnreadableFile
from profiles.csv_import.forms import ColumnsForm, UploadForm
from profiles.csv_import.guesses import guess
from profiles.models import CsvImport, CustomAttribute, ImportState
from workspaces.access import WorkspaceRequest, workspace_page
from workspaces.models import Role

PER_PAGE = 25
REJECTED_SHOWN = 20
#: The counts of a receipt, each with its colour and what it says of an import and of a check.
PARTS: tuple[tuple[str, str | Promise, str, str | Promise], ...] = (
    (
        "created",
        pgettext_lazy("number of users", "Created"),
        "green",
        gettext_lazy("name a new user"),
    ),
    (
        "updated",
        pgettext_lazy("number of users", "Updated"),
        "blue",
        gettext_lazy("change a known user"),
    ),
    (
        "unchanged",
        gettext_lazy("Unchanged"),
        "secondary",
        gettext_lazy("change nothing, or a later row is about the same user"),
    ),
    ("rejected", gettext_lazy("Rejected"), "red", gettext_lazy("cannot be imported")),
)


def import_of(request: WorkspaceRequest, pk: UUID) -> CsvImport:
    """Return an import of the member's own workspace, or raise 404."""
    known = CsvImport.objects.in_workspace(request.workspace).select_related("uploaded_by")
    found = get_object_or_404(known, pk=pk)
    found.workspace = request.workspace
    return found


@workspace_page()
def csv_import_list(request: WorkspaceRequest) -> HttpResponse:
    """All imports, the newest first."""
    known = CsvImport.objects.in_workspace(request.workspace).select_related("uploaded_by")
    page = Paginator(known, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "profiles/import_list.html", {"page": page})


@workspace_page(reads=Role.MARKETER)
def csv_import_new(request: WorkspaceRequest) -> HttpResponse:
    """Upload a file; what cannot be read is said beside it, and nothing is kept."""
    posted = request.method == "POST"
    form = UploadForm(request.POST if posted else None, request.FILES if posted else None)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            made = csv_imports.upload(request.workspace, file.name, file.file, by=request.user)
            return redirect("csv-import-columns", request.workspace.slug, made.pk)
        except UnreadableFile as error:
            form.add_error("file", error.sentence.in_words())
    return render(request, "profiles/import_new.html", {"form": form})


@workspace_page(reads=Role.MARKETER)
def csv_import_columns(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Choose what the columns hold, and have the file checked."""
    csv_import = import_of(request, pk)
    samples = csv_imports.samples(csv_import)
    known = dict(
        CustomAttribute.objects.filter(workspace=request.workspace).values_list("name", "type")
    )
    chosen = [Column.load(stored) for stored in csv_import.columns]
    form = ColumnsForm(
        request.POST if request.method == "POST" else None,
        header=csv_import.header,
        samples=samples,
        columns=chosen or guess(csv_import.header, samples, known),
    )
    if form.is_valid():
        if not csv_imports.check(csv_import, form.columns):
            messages.error(
                request, _("This file is already past this step. Its state is shown below.")
            )
        return redirect("csv-import", request.workspace.slug, csv_import.pk)
    context = {"import": csv_import, "form": form}
    return render(request, "profiles/import_columns.html", context)


@workspace_page()
def csv_import_detail(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """How far a check or an import is, its receipt, and the way to start it."""
    csv_import = import_of(request, pk)
    if request.method == "POST":
        if not csv_imports.start(csv_import, by=request.user):
            messages.error(
                request, _("This file cannot be imported now. Its state is shown below.")
            )
        return redirect("csv-import", request.workspace.slug, csv_import.pk)
    rejected_file = csv_imports.rejected_file_of(csv_import)
    context = {
        "import": csv_import,
        "parts": list(receipt(csv_import)),
        "can_start": csv_import.state == ImportState.CHECKED,
        "can_go_on": csv_imports.can_go_on(csv_import),
        "has_rejected": csv_import.rejected and rejected_file.exists(),
    }
    if request.member.sees_personal_data and csv_import.rejected:
        context["rejected"] = list(csv_rejected.read(rejected_file, REJECTED_SHOWN))
    part = "#progress" if request.htmx else ""
    return render(request, f"profiles/import.html{part}", context)


def receipt(
    csv_import: CsvImport,
) -> Iterator[tuple[str | Promise, str, str | Promise, int]]:
    """Give the counts that add up to the rows: label, colour, meaning, number."""
    for name, label, colour, meaning in PARTS:
        yield label, colour, meaning, getattr(csv_import, name)


@workspace_page(reads=Role.MARKETER)
def csv_import_rejected(request: WorkspaceRequest, pk: UUID) -> HttpResponseBase:
    """Give the rejected rows as a file that can be mended and uploaded again."""
    csv_import = import_of(request, pk)
    file = csv_imports.rejected_file_of(csv_import)
    if csv_import.is_under_way or not file.exists():
        return redirect("csv-import", request.workspace.slug, csv_import.pk)
    name = slugify(csv_import.file_name.rpartition(".")[0]) or "import"
    return StreamingHttpResponse(
        csv_rejected.written(file, language=get_language()),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}-rejected.csv"'},
    )
