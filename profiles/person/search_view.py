"""The page on which people are looked up."""

from django.http import HttpResponse
from django.shortcuts import render

from profiles.models import Profile
from profiles.person.search import MOST_FOUND, search
from workspaces.access import WorkspaceRequest, workspace_page


@workspace_page()
def user_search(request: WorkspaceRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    personal = request.member.sees_personal_data
    found = search(request.workspace, text, personal=personal)
    found = found.prefetch_related("aliases", "devices")
    # Whether there is anybody at all decides what an empty page says.
    anybody = Profile.objects.in_workspace(request.workspace).exists()
    context = {"text": text, "found": found, "most": MOST_FOUND, "anybody": anybody}
    part = "#results" if request.htmx else ""
    return render(request, f"profiles/user_search.html{part}", context)
