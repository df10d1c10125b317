"""Invitations: of one workspace, accepted by the person, once, in time, and never by another."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core import mail
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.utils import timezone

from tests.conftest import signed_in
from tests.worlds.factories import PASSWORD, MemberFactory, UserFactory
from workspaces import invitations, team
from workspaces.models import AuditEntry, Invitation, Member, Role, User, Workspace

NEW = "new@example.com"
PASSWORDS = {"new_password1": PASSWORD, "new_password2": PASSWORD}


def team_page(workspace: Workspace) -> str:
    return f"/w/{workspace.slug}/settings/team/"


def invite(by: Member, email: str = NEW, role: str = "analyst") -> str:
    """Invite as an admin does, and return the path of the link that they are shown."""
    data = {"email": email, "role": role}
    response = signed_in(by).post(team_page(by.workspace), data)
    return response.context["link"].removeprefix("http://testserver")


def page_of(invitation: Invitation) -> str:
    return f"{team_page(invitation.workspace)}invitations/{invitation.pk}/"


def on_record(workspace: Workspace) -> list[tuple[str, str, str]]:
    entries = workspace.audit_entries.order_by("pk")
    return list(entries.values_list("action", "actor_email", "subject"))


def has_ended(link: str) -> bool:
    response = Client().get(link)
    return response.status_code == 404 and "has ended" in response.content.decode()


def workspaces_of(email: str) -> set[str]:
    found = Member.objects.filter(user__email=email)
    return set(found.values_list("workspace__slug", flat=True))


@pytest.fixture
def other(db: None) -> Member:
    """The admin of another workspace."""
    return MemberFactory(workspace__slug="other")


# The attack


def test_the_link_of_one_workspace_opens_no_other(admin: Member, other: Member) -> None:
    kept = invite(admin)
    invite(other, role="admin")
    attacker = Client()
    attacker.post(kept, PASSWORDS)
    assert workspaces_of(NEW) == {"acme"}
    assert attacker.get(team_page(other.workspace)).status_code == 404


def test_who_took_the_name_first_is_still_not_in_the_other(admin: Member, other: Member) -> None:
    """The real person gets no further either: whoever has the password has to accept."""
    kept, real = invite(admin), invite(other, role="admin")
    Client().post(kept, PASSWORDS)
    person = Client()
    assert "Sign in as new@example.com" in person.get(real).content.decode()
    person.post(real, PASSWORDS)
    assert workspaces_of(NEW) == {"acme"}


def test_what_was_granted_before_there_was_a_password_is_not_inherited(
    admin: Member, other: Member
) -> None:
    """An operator, or an earlier release, made a member of one who has accepted nothing."""
    nobody = User.objects.create_user(NEW)
    MemberFactory(workspace=other.workspace, user=nobody, role=Role.ADMIN)
    Client().post(invite(admin), PASSWORDS)
    assert workspaces_of(NEW) == {"acme"}
    waiting = Invitation.objects.get()
    assert (waiting.workspace, waiting.role) == (other.workspace, Role.ADMIN)
    assert waiting.has_expired


def test_a_member_whom_an_operator_made_without_a_password_is_invited(admin: Member) -> None:
    MemberFactory(workspace=admin.workspace, user=User.objects.create_user(NEW))
    assert Client().post(invite(admin, role="marketer"), PASSWORDS).url == "/w/acme/"
    assert Member.objects.get(user__email=NEW).role == "marketer"
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    "fields", [{"is_staff": True}, {"is_superuser": True}, {"is_active": False}]
)
def test_no_password_is_given_to_an_operator(admin: Member, fields: dict[str, bool]) -> None:
    User.objects.create_user(NEW, **fields)
    Client().post(invite(admin), PASSWORDS)
    assert not User.objects.get(email=NEW).has_usable_password()
    assert workspaces_of(NEW) == set()


def test_a_removed_admin_does_not_come_back_by_a_link(admin: Member) -> None:
    leaver = MemberFactory(workspace=admin.workspace)
    link = invite(leaver, role="admin")
    team.remove_member(leaver, by=admin.user)
    assert has_ended(link)


def test_a_removed_member_does_not_come_back_by_a_link(admin: Member) -> None:
    link = invite(admin)
    member = MemberFactory(workspace=admin.workspace, user=UserFactory(email=NEW))
    team.remove_member(member, by=admin.user)
    assert has_ended(link)


# Accepting


def test_nothing_is_granted_until_it_is_accepted(admin: Member) -> None:
    invite(admin, role="admin")
    assert not User.objects.filter(email=NEW).exists()
    assert workspaces_of(NEW) == set()


def test_the_page_says_which_workspace_by_whom_and_as_what(client: Client, admin: Member) -> None:
    page = client.get(invite(admin, role="marketer"))
    said = f"{admin.user.email} invites you to the workspace Acme. Your role there: Marketer."
    assert said in page.content.decode()
    assert "no-store" in page["Cache-Control"]


def test_somebody_new_chooses_a_password_and_is_in(client: Client, admin: Member) -> None:
    assert client.post(invite(admin, role="marketer"), PASSWORDS).url == "/w/acme/"
    assert client.get("/w/acme/").status_code == 200
    member = Member.objects.get(user__email=NEW)
    assert (member.role, member.user.check_password(PASSWORD)) == ("marketer", True)
    assert on_record(admin.workspace) == [
        ("Invited Member", admin.user.email, NEW),
        ("Accepted Invitation", NEW, NEW),
    ]


def test_a_password_that_is_too_common_is_refused(client: Client, admin: Member) -> None:
    data = {"new_password1": "password1", "new_password2": "password1"}
    response = client.post(invite(admin), data)
    assert response.context["form"].errors == {"new_password2": ["This password is too common."]}
    assert workspaces_of(NEW) == set()


def test_one_with_a_password_accepts_by_one_click(admin: Member, other: Member) -> None:
    person = other.user
    link = invite(admin, person.email.upper())
    assert workspaces_of(person.email) == {"other"}
    assert "Sign in as" in Client().get(link).content.decode()
    assert signed_in(other).post(link).url == "/w/acme/"
    assert workspaces_of(person.email) == {"acme", "other"}


def test_sign_in_leads_back_to_the_invitation(client: Client, admin: Member, other: Member) -> None:
    link = invite(admin, other.user.email)
    url = re.search(r'href="(/sign-in/\?next=[^"]+)"', client.get(link).content.decode())[1]
    data = {"username": other.user.email, "password": PASSWORD, "next": link}
    assert client.get(url).context["next"] == link
    assert client.post("/sign-in/", data).url == link


def test_another_person_does_not_accept_it(admin: Member, other: Member) -> None:
    link = invite(admin)
    client = signed_in(other)
    assert "Sign out to accept it." in client.get(link).content.decode()
    assert client.post(link, PASSWORDS).url == link
    assert Member.objects.filter(workspace=admin.workspace).count() == 1
    assert client.post("/sign-out/", {"next": link}).url == link


# Ending


def test_a_link_works_once(admin: Member) -> None:
    link = invite(admin)
    Client().post(link, PASSWORDS)
    assert has_ended(link)
    assert Client().post(link, PASSWORDS).status_code == 404


def test_a_link_ends_after_three_days(admin: Member) -> None:
    link = invite(admin)
    left = Invitation.objects.get().expires_at - timezone.now()
    assert timedelta(days=2, hours=23) < left <= timedelta(days=3)
    Invitation.objects.update(expires_at=timezone.now())
    assert has_ended(link)


@pytest.mark.parametrize("email", [NEW, "NEW@Example.com"])
def test_a_newer_link_ends_the_older(admin: Member, email: str) -> None:
    older, newer = invite(admin), invite(admin, email)
    assert (has_ended(older), has_ended(newer)) == (True, False)


def test_a_link_is_kept_as_a_digest_only(admin: Member) -> None:
    token = invite(admin).rstrip("/").rpartition("/")[2]
    kept = str(Invitation.objects.values().get()) + str(list(AuditEntry.objects.values()))
    assert token not in kept
    assert len(token) == 43


def test_a_made_up_link_leads_nowhere(db: None) -> None:
    for token in ("x", "%00", "%ff"):
        assert Client().get(f"/account/invitation/{token}/").status_code == 404


# What admins see


def test_the_team_page_lists_who_is_invited(
    admin: Member, admin_client: Client, analyst_client: Client, django_assert_num_queries: Any
) -> None:
    for number in range(3):
        invite(admin, f"n{number}@example.com")
    with django_assert_num_queries(6):
        page = admin_client.get(team_page(admin.workspace)).content.decode()
    assert [f"n{number}@example.com" in page for number in range(3)] == [True] * 3
    assert "n0@example.com" not in analyst_client.get(team_page(admin.workspace)).content.decode()


def test_the_answer_does_not_tell_who_has_an_account(admin: Member, other: Member) -> None:
    client = signed_in(admin)
    pages = [
        client.post(team_page(admin.workspace), {"email": email, "role": "analyst"})
        for email in (NEW, other.user.email)
    ]
    new, known = (
        re.sub(r"invitation/[\w-]+/|csrf.{0,120}", "", page.content.decode()) for page in pages
    )
    assert known.replace(other.user.email, NEW) == new


def test_an_invitation_is_sent_again(admin: Member, admin_client: Client) -> None:
    older = invite(admin, role="marketer")
    Invitation.objects.update(expires_at=timezone.now())
    response = admin_client.post(page_of(Invitation.objects.get()), {"resend": ""})
    newer = response.context["link"].removeprefix("http://testserver")
    Client().post(newer, PASSWORDS)
    assert has_ended(older)
    assert Member.objects.get(user__email=NEW).role == "marketer"


def test_an_invitation_is_withdrawn(admin: Member, admin_client: Client) -> None:
    link = invite(admin)
    response = admin_client.post(page_of(Invitation.objects.get()), {"withdraw": ""})
    assert response.url == team_page(admin.workspace)
    assert has_ended(link)
    assert on_record(admin.workspace)[-1] == ("Withdrew Invitation", admin.user.email, NEW)


@pytest.fixture
def mailing(settings: Any) -> None:
    settings.SMTP_HOST = "smtp.example.com"


def test_where_mail_is_sent_the_admin_sees_no_link(
    mailing: None, admin: Member, admin_client: Client
) -> None:
    data = {"email": NEW, "role": "analyst"}
    response = admin_client.post(team_page(admin.workspace), data)
    (sent,) = mail.outbox
    link = re.search(r"http://testserver(/account/invitation/[\w-]+/)", sent.body)[1]
    assert (sent.to, sent.subject) == ([NEW], "An invitation to the workspace “Acme”")
    assert response.url == team_page(admin.workspace)
    page = admin_client.get(response.url).content.decode()
    assert "The invitation is mailed to new@example.com." in page
    assert link not in page
    assert Client().post(link, PASSWORDS).url == "/w/acme/"


def test_mail_that_cannot_be_sent_shows_no_link(
    mailing: None, admin: Member, admin_client: Client, settings: Any
) -> None:
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": 9},
        }
    }
    data = {"email": NEW, "role": "analyst"}
    response = admin_client.post(team_page(admin.workspace), data)
    (said,) = get_messages(response.wsgi_request)
    assert str(said).startswith("The mail to new@example.com could not be sent.")
    assert Invitation.objects.get().email == NEW


def test_a_name_of_many_lines_makes_no_header(mailing: None, admin: Member) -> None:
    Workspace.objects.update(name="A\nBcc: x@example.com")
    made, _token = invitations.invite(
        Workspace.objects.get(), email=NEW, role=Role.ANALYST, by=admin.user
    )
    invitations.mail(made, "link")
    assert mail.outbox[0].subject == "An invitation to the workspace “A Bcc: x@example.com”"


# Earlier releases


@pytest.fixture
def upgraded(transactional_db: None) -> Callable[[], None]:
    """Go back to the release before, let the test's function write, and upgrade."""

    def upgrade(write: Callable[[Any], None]) -> None:
        executor = MigrationExecutor(connection)
        write(executor.migrate([("workspaces", "0004_sign_in_names")]).apps)
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())

    return upgrade


def test_members_who_never_had_a_password_are_invited_anew(upgraded: Any) -> None:
    def write(apps: Any) -> None:
        model = apps.get_model
        workspace = model("workspaces", "Workspace").objects.create(slug="acme", name="Acme")
        for email, password in ((NEW, "!x"), ("old@example.com", "md5$x$y")):
            user = model("workspaces", "User").objects.create(
                email=email, sign_in_name=email, password=password
            )
            model("workspaces", "Member").objects.create(
                workspace=workspace, user=user, role="admin"
            )

    upgraded(write)
    assert list(Member.objects.values_list("user__email", flat=True)) == ["old@example.com"]
    waiting = Invitation.objects.get()
    assert (waiting.email, waiting.role, waiting.has_expired) == (NEW, "admin", True)
