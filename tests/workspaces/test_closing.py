"""Deleting a workspace: an operator closes it, a job deletes it in portions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from braze_portal import deleting, tasks
from cohorts.models import CohortImport
from profiles.models import Profile
from tests.worlds.currents_world import forget_jobs
from tests.worlds.factories import ProfileFactory, UserFactory, WorkspaceFactory
from tests.worlds.partner_calls import PartnerCaller, add
from tests.worlds.rest_callers import rest_caller
from tests.worlds.waiting_jobs import jobs_of
from workspaces.models import Workspace
from workspaces.opening import DELETING, close_workspace, open_workspace

LIST = reverse("admin:workspaces_workspace_changelist")


@pytest.fixture
def operator(client: Client, db: None) -> Client:
    client.force_login(
        UserFactory(is_staff=True, is_superuser=True),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    return client


def delete_one(operator: Client, workspace: Workspace) -> Any:
    url = reverse("admin:workspaces_workspace_delete", args=[workspace.pk])
    return operator.post(url, {"post": "yes"})


def delete_some(operator: Client, workspace: Workspace) -> Any:
    chosen = {"action": "delete_selected", "_selected_action": [workspace.pk], "post": "yes"}
    return operator.post(LIST, chosen)


@pytest.mark.parametrize("delete", [delete_one, delete_some])
def test_an_operator_closes_a_workspace_and_a_job_deletes_it(
    operator: Client,
    admin_client: Client,
    heap: PartnerCaller,
    delete: Callable[[Client, Workspace], Any],
) -> None:
    forget_jobs()  # of a worker that another test ran
    workspace, other = heap.workspace, ProfileFactory().workspace
    program = rest_caller(workspace)
    ProfileFactory(workspace=workspace, external_id="ann")
    heap.users(add("ann"))
    heap.name(name="")
    assert delete(operator, workspace).status_code == 302
    assert [job.lock for job in jobs_of(DELETING)] == ["braze_portal.go_on_deleting"]
    assert Profile.objects.in_workspace(workspace).exists()
    assert admin_client.get("/w/acme/").status_code == 404
    assert program.get("/segments/list").status_code == 401
    tasks.go_on_deleting(timestamp=0)
    assert list(Workspace.objects.all()) == [other]
    assert not CohortImport.objects.exists()


@pytest.mark.django_db
def test_what_it_takes_grows_with_the_portions_alone(workspace: Workspace) -> None:
    def asked(people: int) -> int:
        closed = WorkspaceFactory()
        ProfileFactory.create_batch(people, workspace=closed)
        close_workspace(closed)
        with CaptureQueriesContext(connection) as captured:
            deleting.go_on()
        return len(captured)

    assert asked(3) == asked(30)


def test_to_ask_for_it_reads_nobody(operator: Client, workspace: Workspace) -> None:
    url = reverse("admin:workspaces_workspace_delete", args=[workspace.pk])
    ProfileFactory.create_batch(3, workspace=workspace)
    with CaptureQueriesContext(connection) as captured:
        assert operator.get(url).status_code == 200
    assert not [each for each in captured if "profiles_profile" in each["sql"]]


@pytest.mark.django_db
def test_a_large_workspace_delays_no_other(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deleting, "PORTION", 1)
    small = WorkspaceFactory()
    for each, people in ((workspace, 3), (small, 1)):
        ProfileFactory.create_batch(people, workspace=each)
        close_workspace(each)
    with CaptureQueriesContext(connection) as captured:
        deleting.go_on()
    gone = [
        pk
        for each in captured
        for pk in (workspace.pk, small.pk)
        if each["sql"].startswith('DELETE FROM "workspaces_workspace" ')
        and f"({pk})" in each["sql"]
    ]
    assert gone == [small.pk, workspace.pk]


@pytest.mark.django_db
def test_another_workspace_has_the_address_at_once(workspace: Workspace) -> None:
    close_workspace(workspace)
    other = open_workspace("acme")
    assert other != workspace
    deleting.go_on()
    assert list(Workspace.objects.all()) == [other]
