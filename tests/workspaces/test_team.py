"""The team, the roles, and the workspace's own settings."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.worlds.factories import MemberFactory
from tests.worlds.markup import squeezed
from workspaces import team
from workspaces.models import AuditEntry, Member, Role, User, Workspace

TEAM = "/w/acme/settings/team/"
SETTINGS = "/w/acme/settings/workspace/"


def page_of(member: Member) -> str:
    return reverse("team-member", args=[member.workspace.slug, member.pk])


def on_record() -> list[tuple[str, str, dict[str, Any]]]:
    entries = AuditEntry.objects.order_by("pk")
    return [(entry.action, entry.subject, entry.detail) for entry in entries]


def roles(workspace: Workspace) -> dict[str, str]:
    return dict(workspace.members.order_by("pk").values_list("user__email", "role"))


@pytest.mark.parametrize("others", [0, 2])
def test_everybody_sees_who_works_here(
    analyst_client: Client, workspace: Workspace, others: int, django_assert_num_queries: Any
) -> None:
    MemberFactory.create_batch(others, workspace=workspace)
    with django_assert_num_queries(5):
        response = analyst_client.get(TEAM)
    assert [member.user.email for member in response.context["members"]] == sorted(roles(workspace))


def test_only_admins_are_offered_to_change_the_team(
    analyst_client: Client, admin_client: Client, admin: Member
) -> None:
    assert page_of(admin) not in analyst_client.get(TEAM).content.decode()
    assert page_of(admin) in admin_client.get(TEAM).content.decode()


@pytest.mark.parametrize("who", ["analyst_client", "marketer_client"])
def test_only_admins_add_members(who: str, request: Any, workspace: Workspace) -> None:
    client = request.getfixturevalue(who)
    before = roles(workspace)
    assert client.post(TEAM, {"email": "x@example.com", "role": "admin"}).status_code == 403
    assert roles(workspace) == before


def test_a_member_is_not_added_twice(admin_client: Client, analyst: Member) -> None:
    data = {"email": analyst.user.email.upper(), "role": "admin"}
    response = admin_client.post(TEAM, data)
    errors = response.context["form"].errors
    assert errors == {"email": ["This person is already a member of the workspace."]}
    assert f'value="{data["email"]}"' in response.content.decode()


def test_a_role_is_changed(admin_client: Client, analyst: Member) -> None:
    admin_client.post(page_of(analyst), {"save": "", "role": "marketer"})
    analyst.refresh_from_db()
    assert analyst.role == Role.MARKETER
    detail = {"before": "analyst", "after": "marketer"}
    assert on_record() == [("Updated Account Permission", analyst.user.email, detail)]


def test_a_role_that_stays_leaves_no_record(admin_client: Client, analyst: Member) -> None:
    admin_client.post(page_of(analyst), {"save": "", "role": "analyst"})
    assert on_record() == []


def test_a_role_that_does_not_exist_is_refused(admin_client: Client, analyst: Member) -> None:
    response = admin_client.post(page_of(analyst), {"save": "", "role": "owner"})
    assert list(response.context["saving"].errors) == ["role"]


def test_a_member_is_removed(admin_client: Client, analyst: Member, analyst_client: Client) -> None:
    assert admin_client.post(page_of(analyst), {"remove": "", "sure": "on"}).url == TEAM
    assert analyst_client.get("/w/acme/").status_code == 404
    assert on_record() == [("Removed Member", analyst.user.email, {"role": "analyst"})]


def test_a_member_is_not_removed_by_one_click(admin_client: Client, analyst: Member) -> None:
    response = admin_client.post(page_of(analyst), {"remove": ""})
    assert response.context["removing"].errors == {"sure": ["Tick this to remove the member."]}
    assert Member.objects.filter(pk=analyst.pk).exists()


def test_admins_do_not_demote_themselves_by_accident(admin_client: Client, admin: Member) -> None:
    MemberFactory(workspace=admin.workspace)
    response = admin_client.post(page_of(admin), {"save": "", "role": "analyst"})
    assert list(response.context["saving"].errors) == ["own"]
    admin_client.post(page_of(admin), {"save": "", "role": "analyst", "own": "on"})
    admin.refresh_from_db()
    assert admin.role == Role.ANALYST


def test_an_admin_who_leaves_is_led_home(admin_client: Client, admin: Member) -> None:
    MemberFactory(workspace=admin.workspace)
    assert admin_client.post(page_of(admin), {"remove": "", "sure": "on"}).url == "/"


@pytest.mark.parametrize(
    "data", [{"remove": "", "sure": "on"}, {"save": "", "role": "marketer", "own": "on"}]
)
def test_the_last_admin_stays(admin_client: Client, admin: Member, data: dict[str, str]) -> None:
    response = admin_client.post(page_of(admin), data)
    assert "A workspace needs an admin." in response.content.decode()
    assert roles(admin.workspace) == {admin.user.email: "admin"}
    assert on_record() == []


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_demote_each_other_at_once_leave_one(admin: Member) -> None:
    other = MemberFactory(workspace=admin.workspace)

    def demote(member: Member, by: User) -> str:
        try:
            team.change_role(member, role=Role.ANALYST, by=by)
            return "done"
        except team.LastAdminError:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        pairs = [(other, admin.user), (admin, other.user)]
        outcomes = list(pool.map(lambda pair: demote(*pair), pairs))
    assert sorted(outcomes) == ["done", "refused"]


def test_whoever_lacks_a_role_is_told_whom_to_ask(
    marketer_client: Client, admin: Member, analyst: Member
) -> None:
    response = marketer_client.get(page_of(analyst))
    page = response.content.decode()
    assert response.status_code == 403
    assert "This needs the role Admin. Your role in Acme is Marketer." in page
    assert f'href="mailto:{admin.user.email}"' in page
    assert analyst.user.email not in page


def test_an_admin_renames_the_workspace(admin_client: Client, workspace: Workspace) -> None:
    data = {"name": "Acme Outdoor", "time_zone": "Europe/Paris"}
    assert admin_client.post(SETTINGS, data).url == SETTINGS
    workspace.refresh_from_db()
    assert (workspace.name, workspace.time_zone) == ("Acme Outdoor", "Europe/Paris")
    changes = {"name": "Acme → Acme Outdoor", "time_zone": "UTC → Europe/Paris"}
    assert on_record() == [("Updated Workspace", "Acme Outdoor", changes)]


@pytest.mark.parametrize(
    ("data", "wrong"),
    [({"name": "", "time_zone": "UTC"}, "name"), ({"name": "A", "time_zone": "Mars"}, "time_zone")],
)
def test_settings_that_make_no_sense_are_refused(
    admin_client: Client, data: dict[str, str], wrong: str
) -> None:
    assert list(admin_client.post(SETTINGS, data).context["form"].errors) == [wrong]


def test_times_are_shown_in_the_zone_of_the_workspace(
    admin_client: Client, workspace: Workspace, record: Callable[[], None]
) -> None:
    Workspace.objects.update(time_zone="Asia/Kathmandu")
    record()
    assert " +0545" in admin_client.get("/w/acme/settings/audit/").content.decode()


@pytest.fixture
def record(admin: Member) -> Callable[[], None]:
    return lambda: AuditEntry.objects.create(workspace=admin.workspace, action="Edited Segment")


@pytest.mark.parametrize("count", [1, 3])
def test_one_switches_between_the_workspaces_one_has(
    admin_client: Client, admin: Member, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        MemberFactory(user=admin.user, workspace__slug=f"brand-{number}")
    with django_assert_num_queries(3):
        page = admin_client.get(SETTINGS).content.decode()
    assert [f'href="/w/brand-{number}/"' in page for number in range(count)] == [True] * count


def test_one_workspace_needs_no_switch(admin_client: Client) -> None:
    assert "Switch workspace" not in admin_client.get(SETTINGS).content.decode()


@pytest.mark.parametrize(("who", "shown"), [("analyst_client", False), ("admin_client", True)])
def test_the_navigation_offers_what_one_may_open(who: str, shown: bool, request: Any) -> None:
    page = request.getfixturevalue(who).get(SETTINGS).content.decode()
    assert ('href="/w/acme/settings/audit/"' in page) == shown


def test_the_navigation_marks_where_one_is(admin_client: Client) -> None:
    page = squeezed(admin_client.get(SETTINGS).text)
    assert page.count('aria-current="page"') == 1
    assert f'href="{SETTINGS}" aria-current="page"' in page
