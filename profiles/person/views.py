"""A person's page, and what is done there: edit, merge, delete."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from profiles import custom_size
from profiles.identity import merging
from profiles.models import GroupSubscription, Profile
from profiles.person import editing, facts
from profiles.person.forms import MergeForm, PersonForm
from profiles.person.panels import panels_of
from workspaces.access import WorkspaceRequest, workspace_page
from workspaces.models import Role


def person_of(request: WorkspaceRequest, braze_id: str) -> Profile:
    """Return a person of the member's own workspace, or raise 404."""
    person = facts.find(request.workspace, braze_id)
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
        "facts": facts.facts(person, personal=request.member.sees_personal_data),
        "custom": facts.custom_values(person),
        "activities": facts.activities(person),
        "events": facts.newest_events(person),
        "aliases": facts.beginning(person.aliases.order_by("label", "name")),
        "devices": facts.beginning(person.devices.order_by("device_id")),
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
        try:
            changed = editing.edit_person(
                person,
                standard=form.standard,
                custom=form.custom,
                groups=form.groups,
                by=request.user,
            )
        except custom_size.TooLarge:
            form.add_error(None, custom_size.TOO_LARGE.in_words())
        else:
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
    # The field may name somebody else by now: only who was compared is merged.
    if other and request.POST.get("confirm") == other.braze_id:
        try:
            editing.merge_people(other, person, by=request.user)
        except merging.NotMerged:
            messages.error(
                request, _("One of the two profiles no longer exists. Nothing was changed.")
            )
        else:
            messages.success(request, _("The profiles are merged."))
        return redirect("person", request.workspace.slug, person.braze_id)
    context = {"person": person, "other": other, "form": form}
    if other:
        context |= _compared(request, person, other)
    return render(request, "profiles/person_merge.html", context)


def _compared(request: WorkspaceRequest, person: Profile, other: Profile) -> dict[str, object]:
    """What the page shows of two profiles, side by side."""
    sides = (person, other)
    personal = request.member.sees_personal_data
    return {
        "sides": sides,
        "facts": facts.beside(*(facts.facts(side, personal=personal) for side in sides)),
        "custom": facts.custom_beside(*sides),
        "aliases": [facts.beginning(side.aliases.order_by("label", "name")) for side in sides],
        "devices": [facts.beginning(side.devices.order_by("device_id")) for side in sides],
        "events": [sum(total.count for total in side.event_totals.all()) for side in sides],
    }


@workspace_page(reads=Role.ADMIN, writes=Role.ADMIN)
def person_delete(request: WorkspaceRequest, braze_id: str) -> HttpResponse:
    """Say what goes, then delete a person for good."""
    person = person_of(request, braze_id)
    if request.method != "POST":
        return render(request, "profiles/person_delete.html", {"person": person})
    editing.delete_person(person, by=request.user)
    messages.success(request, _("%(person)s is deleted.") % {"person": person})
    return redirect("user-search", request.workspace.slug)
