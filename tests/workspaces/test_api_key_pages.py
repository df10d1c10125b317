"""Settings > API Keys: making, reading and deleting keys, and what goes on record."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.worlds.factories import WorkspaceFactory
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import AuditEntry, Member, RestApiKey, Workspace
from workspaces.permissions import all_permissions, by_area

LIST = "/w/acme/settings/api-keys/"
NEW = f"{LIST}new/"
PERMISSIONS = {area.key: names for area, names in by_area().items()}
SECRET = re.compile(r'value="([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})" readonly')


def create(client: Client, **fields: Any) -> Any:
    return client.post(NEW, {"name": "Warehouse", "segments": ["segments.list"]} | fields)


def errors(client: Client, **fields: Any) -> dict[str, Any]:
    return dict(create(client, **fields).context["form"].errors)


def on_record() -> list[tuple[str, str]]:
    return list(AuditEntry.objects.values_list("action", "subject"))


# Making


def test_a_new_key_is_shown_once_and_works(admin_client: Client, admin: Member) -> None:
    page = create(admin_client)
    (secret,) = SECRET.findall(page.content.decode())
    key = RestApiKey.objects.get()
    assert (key.name, key.created_by, key.lookup) == ("Warehouse", admin.user, secret[:8])
    assert "no-store" in page["Cache-Control"]
    assert RestCaller(admin.workspace, key, secret).get("/segments/list").status_code == 200


def test_a_new_key_is_nowhere_else(admin_client: Client) -> None:
    (secret,) = SECRET.findall(create(admin_client).content.decode())
    key = RestApiKey.objects.get()
    places = [str(dict(admin_client.session)), str(admin_client.cookies)]
    for path in (LIST, f"{LIST}{key.pk}/", f"{LIST}{key.pk}/delete/", "/w/acme/settings/audit/"):
        places.append(admin_client.get(path).content.decode())
    assert [place for place in places if secret in place or secret[9:] in place] == []


def test_making_a_key_is_on_record(admin_client: Client) -> None:
    create(admin_client, allow_list="192.0.2.0/24")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject) == ("Added REST API key", "Warehouse")
    assert entry.detail == {"permissions": ["segments.list"], "addresses": ["192.0.2.0/24"]}


@pytest.mark.parametrize(
    ("ticked", "permissions"),
    [
        ({"segments": ["segments.list"]}, ["segments.list"]),
        ({"segments": ["all"]}, list(PERMISSIONS["segments"])),
        (
            {"segments": ["segments.details"], "canvas": ["all", "canvas.list"]},
            [*PERMISSIONS["canvas"], "segments.details"],
        ),
        ({"everything": "on"}, list(all_permissions())),
    ],
)
def test_permissions_are_ticked_one_by_one_or_together(
    ticked: dict[str, Any], permissions: list[str], admin_client: Client
) -> None:
    admin_client.post(NEW, {"name": "Warehouse"} | ticked)
    assert sorted(RestApiKey.objects.get().permissions) == sorted(permissions)


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"name": "  "}, "name", "This field is required."),
        ({"name": "x" * 101}, "name", None),
        ({"name": "a\0b"}, "name", None),
        ({"segments": []}, "everything", "Tick at least one permission."),
        ({"segments": ["users.track"]}, "segments", None),
        ({"expires_at": "2020-01-01T00:00"}, "expires_at", "This time has passed."),
        ({"expires_at": "soon"}, "expires_at", None),
    ],
)
def test_nonsense_makes_no_key(
    fields: dict[str, Any], field: str, message: str | None, admin_client: Client
) -> None:
    found = errors(admin_client, **fields)
    assert field in found
    assert message in (None, *found[field])
    assert not RestApiKey.objects.exists()


@pytest.mark.parametrize(
    "line", ["here", "192.0.2.7/24", "192.0.2.0/33", "fe80::1%eth0", "192.0.2.0/24 10.0.0.1"]
)
def test_an_address_must_be_one(line: str, admin_client: Client) -> None:
    message = f"“{line}” is not an IP address or a network such as 192.0.2.0/24."
    assert errors(admin_client, allow_list=f"10.0.0.1\n{line}") == {"allow_list": [message]}


def test_addresses_are_kept_as_networks(admin_client: Client) -> None:
    create(admin_client, allow_list="192.0.2.0/24\r\n\r\n 10.0.0.1 \r\n2001:DB8::/32\n10.0.0.1")
    expected = ["192.0.2.0/24", "10.0.0.1/32", "2001:db8::/32"]
    assert RestApiKey.objects.get().allow_list == expected


def test_more_addresses_than_anybody_reads_are_refused(admin_client: Client) -> None:
    lines = "\n".join(f"10.0.0.{number}" for number in range(101))
    expected = ["At most 100 addresses and networks are allowed."]
    assert errors(admin_client, allow_list=lines) == {"allow_list": expected}


def test_a_key_expires_in_the_time_zone_of_the_workspace(
    admin_client: Client, workspace: Workspace
) -> None:
    Workspace.objects.update(time_zone="Europe/Paris")
    create(admin_client, expires_at="2100-07-01T12:00")
    assert RestApiKey.objects.get().expires_at == datetime(2100, 7, 1, 10, tzinfo=UTC)


def test_a_name_is_given_once_in_a_workspace(admin_client: Client) -> None:
    rest_caller(WorkspaceFactory(), name="Warehouse")
    create(admin_client)
    expected = {"name": ["A key has this name already. Choose a different name."]}
    assert errors(admin_client) == expected
    assert RestApiKey.objects.count() == 2


# Reading


def test_the_list_shows_what_may_be_seen_of_a_key(
    admin_client: Client, workspace: Workspace
) -> None:
    caller = rest_caller(workspace, "segments.list")
    caller.get("/segments/list")
    text = admin_client.get(LIST).content.decode()
    assert f"<code>{caller.secret[:8]}-••••</code>" in text
    assert "<td>1</td>" in text
    assert "127.0.0.1" in text
    assert "a command" in text


def test_other_workspaces_have_their_own_keys(admin_client: Client) -> None:
    rest_caller(WorkspaceFactory())
    assert list(admin_client.get(LIST).context["keys"]) == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_a_set_number_of_queries(
    count: int, admin_client: Client, admin: Member, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        rest_caller(admin.workspace, created_by=admin.user)
    with django_assert_num_queries(5):
        admin_client.get(LIST)


def test_an_expired_key_is_marked(admin_client: Client, workspace: Workspace) -> None:
    rest_caller(workspace, expires_at=timezone.now() + timedelta(hours=1))
    assert "Expired</span>" not in admin_client.get(LIST).content.decode()
    RestApiKey.objects.update(expires_at=timezone.now())
    assert "Expired</span>" in admin_client.get(LIST).content.decode()


def test_a_key_shows_its_permissions_and_addresses(
    admin_client: Client, workspace: Workspace
) -> None:
    permissions = ("segments.list", "users.track")
    key = rest_caller(workspace, *permissions, allow_list=["192.0.2.0/24"]).key
    page = admin_client.get(f"{LIST}{key.pk}/")
    assert re.findall(r"<code[^>]*>([a-z.]+)</code>", page.content.decode()) == [
        "users.track",
        "segments.list",
    ]
    assert "<code>192.0.2.0/24</code>" in page.content.decode()


# Deleting


def test_deleting_says_when_the_key_was_last_used(
    admin_client: Client, workspace: Workspace
) -> None:
    caller = rest_caller(workspace)
    url = f"{LIST}{caller.key.pk}/delete/"
    assert "Nobody has ever called with this key." in admin_client.get(url).content.decode()
    caller.get("/segments/list")
    assert "This key was last used" in admin_client.get(url).content.decode()
    assert RestApiKey.objects.count() == 1


def test_a_key_is_deleted_for_good(admin_client: Client, workspace: Workspace) -> None:
    caller = rest_caller(workspace)
    url = f"{LIST}{caller.key.pk}/delete/"
    assert admin_client.post(url).url == LIST
    assert caller.get("/segments/list").status_code == 401
    assert admin_client.post(url).status_code == 404
    assert on_record() == [("Removed REST API key", "Test")]
