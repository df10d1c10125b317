"""Every page of the portal, read off the list of addresses itself."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.template.loader import get_template
from django.test import Client
from django.urls import URLPattern, reverse

from braze_portal.urls import account_pages, workspace_pages
from campaigns.models import Campaign, Canvas
from segments.exports.csv_file import write_export
from segments.models import SegmentExport
from tests.worlds.factories import (
    CohortFactory,
    CohortImportFactory,
    ConnectorFactory,
    ProfileFactory,
    SegmentFactory,
    SubscriptionGroupFactory,
    UserListFactory,
    checked_import,
    import_key,
)
from tests.worlds.rest_callers import rest_caller
from workspaces.invitations import invite
from workspaces.models import Role, Workspace

type Arguments = dict[str, Any]


def heap(workspace: Workspace) -> Arguments:
    return {"partner": "heap"}


def key(workspace: Workspace) -> Arguments:
    return {"partner": "heap", "key": import_key(workspace)[0].pk}


def call(workspace: Workspace) -> Arguments:
    return {"partner": "heap", "pk": CohortImportFactory(workspace=workspace).pk}


def cohort(workspace: Workspace) -> Arguments:
    return {"partner": "heap", "pk": CohortFactory(workspace=workspace).pk}


def segment(workspace: Workspace) -> Arguments:
    return {"pk": SegmentFactory(workspace=workspace).pk}


def user_list(workspace: Workspace) -> Arguments:
    return {"pk": UserListFactory(workspace=workspace).pk}


def segment_version(workspace: Workspace) -> Arguments:
    segment = SegmentFactory(workspace=workspace)
    return {"pk": segment.pk, "version": segment.versions.create(name="As it was").pk}


def export(workspace: Workspace) -> Arguments:
    export = SegmentExport.objects.create(
        segment=SegmentFactory(workspace=workspace), columns=["user_id"]
    )
    write_export(export.pk)
    return {"pk": export.pk}


def person(workspace: Workspace) -> Arguments:
    return {"braze_id": ProfileFactory(workspace=workspace).braze_id}


def group(workspace: Workspace) -> Arguments:
    return {"pk": SubscriptionGroupFactory(workspace=workspace).pk}


def csv_import(workspace: Workspace) -> Arguments:
    return {"pk": checked_import(workspace).pk}


def campaign(workspace: Workspace) -> Arguments:
    return {"pk": Campaign.objects.create(workspace=workspace, name="Welcome").pk}


def canvas(workspace: Workspace) -> Arguments:
    return {"pk": Canvas.objects.create(workspace=workspace, name="Onboarding").pk}


def api_key(workspace: Workspace) -> Arguments:
    return {"pk": rest_caller(workspace).key.pk}


def connector(workspace: Workspace) -> Arguments:
    return {"pk": ConnectorFactory(workspace=workspace).pk}


def member(workspace: Workspace) -> Arguments:
    return {"pk": workspace.members.latest("pk").pk}


def invited(workspace: Workspace) -> Arguments:
    admin = workspace.members.admins().first().user
    made, _token = invite(workspace, email="new@example.com", role=Role.ANALYST, by=admin)
    return {"pk": made.pk}


#: What stands in the address of each page that names something: a real thing of the workspace.
THINGS: dict[str, Callable[[Workspace], Arguments]] = {
    "partner": heap,
    "key-generate": heap,
    "key-reveal": key,
    "key-invalidate": key,
    "cohort-import": call,
    "cohort-import-unmatched": call,
    "cohort-list": heap,
    "ledger-days": heap,
    "cohort": cohort,
    "cohort-clear": cohort,
    "segment": segment,
    "segment-edit": segment,
    "segment-duplicate": segment,
    "segment-archive": segment,
    "segment-members": segment,
    "segment-export": segment,
    "segment-export-detail": export,
    "segment-export-download": export,
    "segment-history": segment,
    "segment-restore": segment_version,
    "segment-freeze": segment,
    "csv-import": csv_import,
    "csv-import-columns": csv_import,
    "csv-import-rejected": csv_import,
    "user-list": user_list,
    "user-list-delete": user_list,
    "group-edit": group,
    "person": person,
    "person-edit": person,
    "person-merge": person,
    "person-delete": person,
    "campaign": campaign,
    "campaign-edit": campaign,
    "campaign-audience": campaign,
    "campaign-archive": campaign,
    "canvas": canvas,
    "canvas-edit": canvas,
    "canvas-audience": canvas,
    "canvas-archive": canvas,
    "connector": connector,
    "connector-edit": connector,
    "team-member": member,
    "team-invitation": invited,
    "api-key": api_key,
    "api-key-delete": api_key,
}


def named(patterns: list[Any]) -> Iterator[tuple[str, set[str]]]:
    """Give the name and the arguments of every address."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield str(pattern.name), set(pattern.pattern.converters)
        else:
            yield from named(pattern.url_patterns)


PAGES = dict(named(workspace_pages))
#: Actions, not pages: opening one does nothing, whoever asks.
ACTIONS = {"key-reveal", "segment-duplicate", "segment-restore"}
READABLE = [name for name in PAGES if name not in ACTIONS]


def opened(client: Client, url: str) -> Any:
    """Open a page, and close the file if it is one."""
    response = client.get(url)
    response.close()
    return response


def asked(client: Client, name: str, url: str) -> list[Any]:
    """Ask for a page in every way that it answers to."""
    posted = client.post(url)
    return [posted] if name in ACTIONS else [opened(client, url), posted]


@pytest.fixture
def address(workspace: Workspace) -> Callable[[str], str]:
    """Make the address of a page in the workspace, with something real in it."""

    def make(name: str) -> str:
        things = THINGS[name](workspace) if PAGES[name] else {}
        return reverse(name, kwargs={"workspace": workspace.slug, **things})

    return make


class Outline(HTMLParser):
    """What a page must have, and what it must not."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.language: str | None = None
        self.inline: list[str] = []
        self.unlabelled: list[str] = []
        self.ids: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "html":
            self.language = found.get("lang")
        if tag == "style" or (tag == "script" and "src" not in found):
            self.inline.append(tag)
        self.inline += [name for name in found if name == "style" or name.startswith("on")]
        self.ids += [found["id"] or ""] if "id" in found else []


def assert_sound(response: Any) -> None:
    outline = Outline(response.content.decode())
    assert outline.headings.count(1) == 1
    assert outline.language == "en"
    assert outline.inline == []
    assert [each for each in outline.ids if outline.ids.count(each) > 1] == []
    assert response.headers["Content-Security-Policy"].startswith("default-src 'self';")


def test_every_page_that_names_something_has_an_example() -> None:
    assert {name for name, arguments in PAGES.items() if arguments} == set(THINGS)


@pytest.mark.parametrize("name", PAGES)
def test_the_signed_out_are_sent_to_sign_in(name: str, address: Any, client: Client) -> None:
    for response in asked(client, name, address(name)):
        assert response.status_code == 302
        assert response.url.startswith(reverse("sign-in"))


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_gets_404(name: str, address: Any, stranger_client: Client) -> None:
    statuses = {each.status_code for each in asked(stranger_client, name, address(name))}
    assert statuses == {404}


@pytest.mark.parametrize("name", [name for name, arguments in PAGES.items() if "pk" in arguments])
def test_nothing_of_another_workspace_is_found(
    name: str, address: Any, stranger_client: Client, workspace: Workspace
) -> None:
    theirs = Workspace.objects.exclude(pk=workspace.pk).get()
    url = address(name).replace(workspace.get_absolute_url(), theirs.get_absolute_url(), 1)
    assert {each.status_code for each in asked(stranger_client, name, url)} == {404}


@pytest.mark.parametrize("name", READABLE)
def test_an_admin_may_open_every_page(name: str, address: Any, admin_client: Client) -> None:
    response = opened(admin_client, address(name))
    assert response.status_code == 200
    if response.headers["Content-Type"].startswith("text/html"):
        assert_sound(response)


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_opening_an_action_does_nothing(name: str, address: Any, admin_client: Client) -> None:
    assert admin_client.get(address(name)).status_code in {302, 405}


#: Taking figures out is reading; a form without a choice is shown again.
READERS_MAY_POST = {"segment-export"}
READERS_MAY_NOT_OPEN = {
    "key-generate",
    "key-reveal",
    "key-invalidate",
    "cohort-clear",
    "segment-new",
    "segment-edit",
    "segment-duplicate",
    "segment-archive",
    "segment-restore",
    "segment-freeze",
    "user-list-new",
    "user-list-delete",
    "person-edit",
    "person-merge",
    "person-delete",
    "csv-import-new",
    "csv-import-columns",
    "csv-import-rejected",
    "campaign-new",
    "campaign-edit",
    "campaign-audience",
    "campaign-archive",
    "canvas-new",
    "canvas-edit",
    "canvas-audience",
    "canvas-archive",
    "connector-new",
    "connector-edit",
    "team-member",
    "team-invitation",
    "api-key-list",
    "api-key-new",
    "api-key",
    "api-key-delete",
    "audit-log",
    "limits",
}


@pytest.mark.parametrize("name", PAGES)
def test_an_analyst_reads_but_does_not_edit(name: str, address: Any, analyst_client: Any) -> None:
    *pages, posted = asked(analyst_client, name, address(name))
    for response in pages:
        assert response.status_code == (403 if name in READERS_MAY_NOT_OPEN else 200)
    assert posted.status_code == (200 if name in READERS_MAY_POST else 403)


MARKETERS_MAY_NOT_OPEN = {
    "key-generate",
    "key-reveal",
    "key-invalidate",
    "cohort-clear",
    "person-delete",
    "connector-new",
    "connector-edit",
    "team-member",
    "team-invitation",
    "api-key-list",
    "api-key-new",
    "api-key",
    "api-key-delete",
    "audit-log",
    "limits",
}


@pytest.mark.parametrize("name", READABLE)
def test_a_marketer_edits_all_but_partners_and_team(
    name: str, address: Any, marketer_client: Client
) -> None:
    status = opened(marketer_client, address(name)).status_code
    assert status == (403 if name in MARKETERS_MAY_NOT_OPEN else 200)


ADMINS_WRITE = MARKETERS_MAY_NOT_OPEN | {
    "workspace-settings",
    "team",
    "connector",
    "connector-list",
}


@pytest.mark.parametrize("name", sorted(ADMINS_WRITE))
def test_what_admins_write_marketers_do_not(
    name: str, address: Any, marketer_client: Client
) -> None:
    assert marketer_client.post(address(name)).status_code == 403


@pytest.mark.parametrize("name", ["sign-in", "password-change"])
def test_the_pages_of_the_account_are_sound(name: str, client: Client, admin: Any) -> None:
    assert name in dict(named(account_pages))
    if name != "sign-in":
        client.force_login(admin.user, backend="django.contrib.auth.backends.ModelBackend")
    assert_sound(client.get(reverse(name)))


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_an_error_page_stands_without_request_and_database(name: str) -> None:
    outline = Outline(get_template(name).render())
    assert (outline.headings, outline.language, outline.inline) == ([1], "en", [])


def test_an_address_that_leads_nowhere_says_so(admin_client: Client) -> None:
    response = admin_client.get("/w/acme/nowhere/")
    assert response.status_code == 404
    assert "Page not found" in response.content.decode()
    assert_sound(response)


def test_whoever_lacks_the_role_gets_a_sound_page(analyst_client: Client) -> None:
    response = analyst_client.get("/w/acme/settings/audit/")
    assert response.status_code == 403
    assert_sound(response)
