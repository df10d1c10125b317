"""The pages of fixed lists of people: uploaded, or frozen from a segment."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.csv_import.files import UnreadableFile
from segments.audiences.estimates import Size
from segments.audiences.patience import PAGE_SECONDS
from segments.audiences.pending import Pending, pending_of
from segments.audiences.people import people_of
from segments.filters.base import InvalidTree, Label
from segments.lists.filter import UserListFilter
from segments.lists.forms import ListForm, UploadForm
from segments.lists.lists import (
    ListInUse,
    NameTaken,
    delete_list,
    freeze_segment,
    upload_list,
    uses_of_lists,
)
from segments.models import Segment, UserList
from workspaces.access import WorkspaceRequest, workspace_page
from workspaces.models import Role, Workspace

PER_PAGE = 25
#: The counts of a receipt, each with its colour and what it says.
PARTS = (
    ("added", gettext_lazy("Added"), "green", gettext_lazy("named somebody new to the list")),
    (
        "repeated",
        gettext_lazy("Repeated"),
        "blue",
        gettext_lazy("named somebody whom an earlier row had named"),
    ),
    ("unmatched", gettext_lazy("Unmatched"), "orange", gettext_lazy("no user has this identifier")),
    (
        "invalid",
        gettext_lazy("Invalid"),
        "red",
        gettext_lazy("had no identifier, or one too long"),
    ),
)
#: The kinds of identifiers that are personal data.
PERSONAL = {"email", "phone"}


def list_of(request: WorkspaceRequest, pk: UUID) -> UserList:
    """Return a list of the member's own workspace, or raise 404."""
    known = UserList.objects.in_workspace(request.workspace).select_related("segment", "created_by")
    found = get_object_or_404(known, pk=pk)
    found.workspace = request.workspace
    return found


def people_on(
    workspace: Workspace, lists: Iterable[UserList]
) -> tuple[dict[UUID, Size | None], Pending]:
    """Return how many people are on each of ``lists`` now, all of one snapshot, and what an
    estimate waits for.
    """
    on_them = {each.pk: UserListFilter("", "includes_any", (str(each.pk),)) for each in lists}
    with people_of(workspace, within=PAGE_SECONDS) as people:
        people.prepare(on_them.values())
        sizes = {pk: people.size(on_it) for pk, on_it in on_them.items()}
        return sizes, pending_of(people)


@workspace_page()
def user_list_list(request: WorkspaceRequest) -> HttpResponse:
    known = UserList.objects.in_workspace(request.workspace).select_related("segment", "created_by")
    page = Paginator(known, PER_PAGE).get_page(request.GET.get("page"))
    sizes, pending = people_on(request.workspace, page)
    uses = uses_of_lists(request.workspace)
    rows = [(each, sizes[each.pk], uses.get(str(each.pk), [])) for each in page]
    context = {"page": page, "rows": rows, "pending": pending}
    return render(request, "segments/user_list_list.html", context)


@workspace_page(reads=Role.MARKETER)
def user_list_new(request: WorkspaceRequest) -> HttpResponse:
    """Upload a file; what cannot be read is said beside it, and nothing is saved."""
    posted = request.method == "POST"
    form = UploadForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        instance=UserList(workspace=request.workspace),
    )
    if form.is_valid():
        name, file = form.cleaned_data["name"], form.cleaned_data["file"].file
        try:
            return redirect(upload_list(request.workspace, name, file, by=request.user))
        except UnreadableFile as error:
            form.add_error("file", error.sentence.in_words())
        except NameTaken as error:
            form.add_error(None, str(error))
    return render(request, "segments/user_list_new.html", {"form": form})


@workspace_page()
def user_list_detail(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """The receipt of a list, and how many of its people are still there."""
    user_list = list_of(request, pk)
    sizes, pending = people_on(request.workspace, [user_list])
    context = {
        "list": user_list,
        "people": sizes[user_list.pk],
        "pending": pending,
        "uses": uses_of_lists(request.workspace).get(str(user_list.pk), []),
        "parts": list(receipt(user_list)),
        "unmatched": shown_sample(user_list, personal=request.member.sees_personal_data),
    }
    return render(request, "segments/user_list.html", context)


def receipt(user_list: UserList) -> Iterator[tuple[Label, str, Label, int]]:
    """Give the counts that add up to the rows of the file: label, colour, meaning, number."""
    for name, label, colour, meaning in PARTS:
        yield label, colour, meaning, getattr(user_list, name)


def shown_sample(user_list: UserList, *, personal: bool) -> list[tuple[str, str]]:
    """Return the sample of unmatched identifiers, personal data hidden unless ``personal``."""
    return [
        (kind, identifier if personal or kind not in PERSONAL else _("hidden"))
        for kind, identifier in user_list.unmatched_sample
    ]


@workspace_page(reads=Role.MARKETER)
def user_list_delete(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Ask, naming what uses the list; delete it if nothing does."""
    user_list = list_of(request, pk)
    if request.method == "POST":
        with suppress(ListInUse):
            delete_list(user_list, by=request.user)
            messages.success(request, _("“%(name)s” is deleted.") % {"name": user_list})
            return redirect("user-list-list", request.workspace.slug)
    uses = uses_of_lists(request.workspace).get(str(user_list.pk), [])
    context = {"list": user_list, "uses": uses}
    status = 409 if request.method == "POST" else 200
    return render(request, "segments/user_list_delete.html", context, status=status)


@workspace_page(reads=Role.MARKETER)
def segment_freeze(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Ask for a name; make a list of exactly the people who are in the segment now."""
    segment = get_object_or_404(Segment.objects.in_workspace(request.workspace), pk=pk)
    segment.workspace = request.workspace
    form = ListForm(
        request.POST if request.method == "POST" else None,
        instance=UserList(workspace=request.workspace),
        initial={"name": name_today(segment)},
    )
    if form.is_valid():
        try:
            return redirect(freeze_segment(segment, form.cleaned_data["name"], by=request.user))
        except NameTaken as error:
            form.add_error(None, str(error))
        except (InvalidTree, DatabaseError):
            form.add_error(
                None, _("This segment cannot be evaluated. See its page for the reason.")
            )
    context = {"segment": segment, "form": form}
    return render(request, "segments/segment_freeze.html", context)


def name_today(segment: Segment) -> str:
    """Return “<segment>, <date>”, short enough for a name."""
    day = f", {date_format(timezone.localdate())}"
    return segment.name[: 200 - len(day)] + day
