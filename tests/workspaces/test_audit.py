"""The audit log: who did what, for admins to read."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from tests.worlds.factories import UserFactory, WorkspaceFactory
from workspaces import audit
from workspaces.models import AuditEntry, Member, Workspace

LOG = "/w/acme/settings/audit/"


def subjects(client: Client, query: str = "") -> list[str]:
    return [entry.subject for entry in client.get(LOG + query).context["page"]]


def test_the_newest_comes_first(admin_client: Client, admin: Member) -> None:
    for name in ("First", "Second"):
        audit.record(admin.workspace, admin.user, "Added Segment", name)
    assert subjects(admin_client) == ["Second", "First"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_log_takes_a_set_number_of_queries(
    admin_client: Client, admin: Member, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        audit.record(admin.workspace, UserFactory(), "Added Segment", number)
    with django_assert_num_queries(6):
        admin_client.get(LOG)


def test_other_workspaces_are_left_out(admin_client: Client, admin: Member) -> None:
    audit.record(WorkspaceFactory(), admin.user, "Added Segment", "Theirs")
    assert subjects(admin_client) == []


def test_the_log_is_narrowed_by_action(admin_client: Client, admin: Member) -> None:
    audit.record(admin.workspace, admin.user, "Added Segment", "Mine")
    audit.record(admin.workspace, admin.user, "Edited Segment", "Other")
    assert subjects(admin_client, "?action=Added+Segment") == ["Mine"]


def test_the_log_is_narrowed_by_actor(admin_client: Client, admin: Member) -> None:
    grace = UserFactory(email="grace@example.com")
    audit.record(admin.workspace, admin.user, "Added Segment", "Other")
    audit.record(admin.workspace, grace, "Added Segment", "Hers")
    assert subjects(admin_client, "?actor=grace@example.com") == ["Hers"]


def test_days_are_those_of_the_workspace(admin_client: Client, admin: Member) -> None:
    Workspace.objects.update(time_zone="Asia/Tokyo")
    for hour in (14, 16):
        audit.record(admin.workspace, admin.user, "Added Segment", hour)
        at = datetime(2026, 3, 1, hour, tzinfo=UTC)
        AuditEntry.objects.filter(subject=hour).update(at=at)
    assert subjects(admin_client, "?since=2026-03-02") == ["16"]
    assert subjects(admin_client, "?until=2026-03-01") == ["14"]


def test_a_filter_that_makes_no_sense_says_so(admin_client: Client, workspace: Workspace) -> None:
    response = admin_client.get(LOG + "?since=yesterday")
    assert response.context["filter"].form.errors == {"since": ["Enter a valid date."]}


def test_pages_keep_the_filter(admin_client: Client, admin: Member) -> None:
    for number in range(51):
        audit.record(admin.workspace, admin.user, "Added Segment", number)
    assert subjects(admin_client, "?action=Added+Segment&page=2") == ["0"]
    page = admin_client.get(LOG + "?action=Added+Segment").content.decode()
    assert "?action=Added+Segment&amp;page=2" in page


def test_the_detail_is_readable(admin_client: Client, admin: Member) -> None:
    detail = {"expires_at": None, "names": ["Old", "New"], "live": True}
    audit.record(admin.workspace, admin.user, "Added Segment", "Mine", **detail)
    page = admin_client.get(LOG).content.decode()
    for key, value in [("expires at", "–"), ("names", "Old, New"), ("live", "yes")]:
        assert f"<dt>{key}</dt><dd>{value}</dd>" in page


def test_what_was_done_by_a_command_is_on_record(admin_client: Client, admin: Member) -> None:
    audit.record(admin.workspace, None, "Generated Data Import Key", "Heap")
    assert "a command" in admin_client.get(LOG).content.decode()


def test_the_record_outlives_the_user(admin_client: Client, admin: Member) -> None:
    grace = UserFactory(email="grace@example.com")
    audit.record(admin.workspace, grace, "Added Segment", "Hers")
    grace.delete()
    assert "grace@example.com" in admin_client.get(LOG).content.decode()


def test_only_known_actions_are_recorded(admin: Member) -> None:
    with pytest.raises(ValueError, match="'Made tea' is not an action on record"):
        audit.record(admin.workspace, admin.user, "Made tea", "")


@pytest.mark.parametrize("who", ["analyst_client", "marketer_client"])
def test_only_admins_read_the_log(who: str, request: Any) -> None:
    assert request.getfixturevalue(who).get(LOG).status_code == 403


def test_an_empty_log_says_what_will_be_in_it(admin_client: Client) -> None:
    assert "Nothing recorded yet" in admin_client.get(LOG).content.decode()
    assert "Nothing matches" in admin_client.get(LOG + "?since=2026-01-01").content.decode()
