"""Calls of the REST API that change who is who leave a line in the audit log."""

from typing import Any

import pytest
from django.test import Client

from tests.worlds.factories import AliasFactory, ProfileFactory
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import AuditEntry, Workspace

LOG = "/w/acme/settings/audit/"


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    for name in ("ann", "bob", "cid", "dan"):
        ProfileFactory(workspace=workspace, external_id=name, email=f"{name}@example.com")
    return rest_caller(workspace, name="CRM sync")


def pair(merged: str, kept: str) -> dict[str, Any]:
    return {
        "identifier_to_merge": {"external_id": merged},
        "identifier_to_keep": {"external_id": kept},
    }


def rename(current: str, new: str) -> dict[str, str]:
    return {"current_external_id": current, "new_external_id": new}


def entries() -> list[tuple[str, str, Any, dict[str, Any]]]:
    return list(AuditEntry.objects.values_list("action", "subject", "actor", "detail"))


CALLS: list[tuple[str, dict[str, Any], str, int]] = [
    (
        "/users/merge",
        {"merge_updates": [pair("ann", "bob"), pair("nobody", "bob"), pair("cid", "bob")]},
        "Merged Users",
        2,
    ),
    ("/users/delete", {"external_ids": ["ann", "nobody", "bob", "cid"]}, "Deleted Users", 3),
    (
        "/users/external_ids/rename",
        {"external_id_renames": [rename("ann", "a"), rename("nobody", "n")]},
        "Renamed External IDs",
        1,
    ),
]


@pytest.mark.parametrize(("path", "body", "action", "count"), CALLS)
def test_a_call_leaves_one_entry(
    caller: RestCaller, path: str, body: dict[str, Any], action: str, count: int
) -> None:
    assert caller.post(path, body).status_code in (201, 202)
    assert entries() == [(action, path, None, {"api_key": "CRM sync", "users": count})]


def test_who_is_merged_by_being_identified_is_on_record(
    caller: RestCaller, workspace: Workspace
) -> None:
    for name in ("new", "known"):
        AliasFactory(profile=ProfileFactory(workspace=workspace, external_id=None), name=name)
    pairs = [("new", "eve"), ("known", "ann"), ("nobody", "bob")]
    aliases = [
        {
            "external_id": external_id,
            "user_alias": {"alias_label": "email_hash", "alias_name": name},
        }
        for name, external_id in pairs
    ]
    assert caller.post("/users/identify", {"aliases_to_identify": aliases}).status_code == 201
    detail = {"api_key": "CRM sync", "users": 1}
    assert entries() == [("Merged Users", "/users/identify", None, detail)]


def test_removed_external_ids_leave_one_entry(caller: RestCaller) -> None:
    renames = [rename("ann", "a"), rename("bob", "b")]
    caller.post("/users/external_ids/rename", {"external_id_renames": renames})
    path = "/users/external_ids/remove"
    caller.post(path, {"external_ids": ["ann", "bob", "cid"]})
    detail = {"api_key": "CRM sync", "users": 2}
    assert entries()[0] == ("Removed External IDs", path, None, detail)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/users/merge", {"merge_updates": [pair("nobody", "bob")]}),
        ("/users/delete", {"external_ids": ["nobody"]}),
        ("/users/external_ids/rename", {"external_id_renames": [rename("nobody", "n")]}),
        ("/users/external_ids/remove", {"external_ids": ["ann"]}),
    ],
)
def test_a_call_that_changed_nobody_leaves_none(
    caller: RestCaller, path: str, body: dict[str, Any]
) -> None:
    assert caller.post(path, body).status_code in (201, 202)
    assert entries() == []


@pytest.mark.parametrize(
    ("language", "who", "action", "details"),
    [
        ("en", "API key “CRM sync”", "Deleted Users", "<dt>users</dt><dd>2</dd>"),
        (
            "fr",
            "Clé API «\u00a0CRM sync\u00a0»",
            "Utilisateurs supprimés",
            "<dt>utilisateurs</dt><dd>2</dd>",
        ),
    ],
)
def test_the_page_names_the_key(
    caller: RestCaller, admin_client: Client, language: str, who: str, action: str, details: str
) -> None:
    caller.post("/users/delete", {"external_ids": ["ann", "bob"]})
    admin_client.cookies["django_language"] = language
    page = admin_client.get(LOG).text
    assert f'<td class="who wrap">{who}</td>' in page
    assert f"<td>{action}</td>" in page
    assert details in page
    assert "ann" not in page.partition("<tbody>")[2].partition("</tbody>")[0]
