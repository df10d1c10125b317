"""A person's page, and what is done there: edit, merge, delete."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from profiles import merging, person_editing
from profiles import person as people
from profiles.models import GroupSubscription, Profile
from profiles.panels import panels_of
from profiles.person_forms import MergeForm, PersonForm
from workspaces.access import WorkspaceRequest, workspace_page
from workspaces.models import Role


def person_of(request: WorkspaceRequest, braze_id: str) -> Profile:
    """Return a person of the member's own workspace, or raise 404."""
    person = people.find(request.workspace, braze_id)
    if person is None:
        raise Http404
    person.workspace = request.workspace
    return person


@workspace_page()
def person_detail(request: WorkspaceRequest, braze_id: str) -> HttpResponse:
    """Show everything that is known of a person."""
    person = person_of(request, braze_id)
    groups = GroupSubscription.objects.filter(profile=person).select_related("group")
    context = {
        "person": person,
        "facts": people.facts(person, personal=request.member.sees_personal_data),
        "custom": people.custom_values(person),
        "activities": people.activities(person),
        "events": people.newest_events(person),
        "aliases": person.aliases.order_by("label", "name"),
        "devices": person.devices.order_by("device_id"),
        "push_tokens": person.push_tokens.count(),
        "groups": groups.order_by("group__name"),
        "panels": panels_of(request, person),
    }
    return render(request, "profiles/person.html", context)


@workspace_page(reads=Role.MARKETER)
def person_edit(request: WorkspaceRequest, braze_id: str) -> HttpResponse:
    """Let a marketer change attributes and subscriptions."""
    person = person_of(request, braze_id)
    form = PersonForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        changed = person_editing.edit_person(
            person, standard=form.standard, custom=form.custom, by=request.user
        )
        said = _("The changes are saved.") if changed else _("Nothing was changed.")
        messages.success(request, said)
        return redirect("person", request.workspace.slug, person.braze_id)
    return render(request, "profiles/person_edit.html", {"person": person, "form": form})


@workspace_page(reads=Role.MARKETER)
def person_merge(request: WorkspaceRequest, braze_id: str) -> HttpResponse:
    """Find the other profile, show both, and merge it into this one."""
    person = person_of(request, braze_id)
    form = MergeForm(request.POST or None, person=person)
    other = form.cleaned_data["other"] if request.method == "POST" and form.is_valid() else None
    if other and "confirm" in request.POST:
        try:
            person_editing.merge_people(other, person, by=request.user)
        except merging.NotMerged:
            messages.error(request, _("One of the two is not there any more."))
        else:
            messages.success(request, _("The two profiles are one now."))
        return redirect("person", request.workspace.slug, person.braze_id)
    sides = [(side, _compared(request, side)) for side in (person, other) if other and side]
    context = {"person": person, "other": other, "form": form, "sides": sides}
    return render(request, "profiles/person_merge.html", context)


def _compared(request: WorkspaceRequest, person: Profile) -> dict[str, object]:
    """What the page shows of each of two profiles, side by side."""
    return {
        "facts": people.facts(person, personal=request.member.sees_personal_data),
        "custom": people.custom_values(person),
        "aliases": list(person.aliases.order_by("label", "name")),
        "devices": list(person.devices.order_by("device_id")),
        "events": sum(total.count for total in person.event_totals.all()),
    }


@workspace_page(reads=Role.ADMIN, writes=Role.ADMIN)
def person_delete(request: WorkspaceRequest, braze_id: str) -> HttpResponse:
    """Say what goes, then delete a person for good."""
    person = person_of(request, braze_id)
    if request.method != "POST":
        return render(request, "profiles/person_delete.html", {"person": person})
    person_editing.delete_person(person, by=request.user)
    messages.success(request, _("%(person)s is deleted.") % {"person": person})
    return redirect("user-search", request.workspace.slug)
