"""Every wait for a row that another session holds ends: calls answer 423, pages say it in words."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.conf import settings as conf
from django.db import connection
from django.test import Client
from django.urls import reverse

from braze_portal.urls import rest_api
from profiles.models import Profile
from tests.cohorts.test_import_concurrency import database_url
from tests.profiles.test_person_page import USUAL
from tests.worlds.factories import (
    AliasFactory,
    ProfileFactory,
    SegmentFactory,
    SubscriptionGroupFactory,
)
from tests.worlds.partner_calls import add, connect
from tests.worlds.rest_callers import rest_caller
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = "select from profiles_profile for update"
SEGMENT, GROUP = (f"5f0c7e5a-0000-4000-8000-00000000000{n}" for n in (1, 2))
ALIAS = {"alias_name": "x", "alias_label": "email_hash"}
#: Each call that writes, with what another session holds of it.
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "/users/track": (PEOPLE, {"attributes": [{"external_id": "ann", "country": "FR"}]}),
    "/users/track/bulk": (PEOPLE, {"attributes": [{"external_id": "ann", "country": "FR"}]}),
    "/users/identify": (
        PEOPLE,
        {"aliases_to_identify": [{"external_id": "new", "user_alias": ALIAS}]},
    ),
    "/users/alias/new": (
        PEOPLE,
        {"user_aliases": [{"external_id": "ann", "alias_name": "y", "alias_label": "new"}]},
    ),
    "/users/alias/update": (
        "select from profiles_alias for update",
        {
            "alias_updates": [
                {"alias_label": "email_hash", "old_alias_name": "x", "new_alias_name": "z"}
            ]
        },
    ),
    "/users/merge": (
        PEOPLE,
        {
            "merge_updates": [
                {
                    "identifier_to_merge": {"external_id": "ann"},
                    "identifier_to_keep": {"external_id": "bob"},
                }
            ]
        },
    ),
    "/users/delete": (PEOPLE, {"external_ids": ["ann"]}),
    "/users/external_ids/rename": (
        PEOPLE,
        {"external_id_renames": [{"current_external_id": "ann", "new_external_id": "anna"}]},
    ),
    "/users/external_ids/remove": (
        "select from profiles_formerexternalid for update",
        {"external_ids": ["annie"]},
    ),
    "/users/export/segment": (
        "select from workspaces_workspace for update",
        {"segment_id": SEGMENT, "fields_to_export": ["external_id"]},
    ),
    "/email/status": (
        PEOPLE,
        {"email": "ann@example.com", "subscription_state": "unsubscribed"},
    ),
    "/subscription/status/set": (
        PEOPLE,
        {
            "subscription_group_id": GROUP,
            "subscription_state": "subscribed",
            "external_id": ["ann"],
        },
    ),
    "/v2/subscription/status/set": (
        PEOPLE,
        {
            "subscription_groups": [
                {
                    "subscription_group_id": GROUP,
                    "subscription_state": "subscribed",
                    "external_ids": ["ann"],
                }
            ]
        },
    ),
}
#: Calls that write nothing, by POST all the same.
READING = {"/users/export/ids"}


@pytest.fixture
def impatient(settings: Any) -> Iterator[None]:
    """Have this process wait for locks as a web process does, but for a moment only."""
    settings.IMPORT_LOCK_TIMEOUT = "100ms"
    with connection.cursor() as cursor:
        cursor.execute("set lock_timeout = '100ms'")
    yield
    with connection.cursor() as cursor:
        cursor.execute("set lock_timeout = 0")


@pytest.fixture
def world(workspace: Workspace) -> Workspace:
    ann = ProfileFactory(workspace=workspace, external_id="ann", email="ann@example.com")
    ProfileFactory(workspace=workspace, external_id="bob")
    ann.former_external_ids.create(workspace=workspace, external_id="annie")
    anonymous = ProfileFactory(workspace=workspace, external_id=None)
    AliasFactory(profile=anonymous, name="x")
    SegmentFactory(workspace=workspace, pk=SEGMENT)
    SubscriptionGroupFactory(workspace=workspace, pk=GROUP)
    return workspace


@contextmanager
def held(statement: str) -> Iterator[None]:
    """Have another session hold rows."""
    with psycopg.connect(database_url()) as other:
        other.execute(statement)
        yield
        other.rollback()


@pytest.mark.parametrize("path", CALLS)
def test_a_call_does_not_wait_for_ever(path: str, world: Workspace, impatient: None) -> None:
    statement, body = CALLS[path]
    caller = rest_caller(world)
    with held(statement):
        response = caller.post(path, body)
        assert (response.status_code, response.json()) == (423, {"message": "Resource locked"})
    response = caller.post(path, body)
    assert response.status_code in {200, 201, 202}, response.json()


@pytest.mark.parametrize("call", ["name", "users"])
def test_a_call_of_a_partner_does_not_wait_for_ever(
    call: str, world: Workspace, impatient: None
) -> None:
    partner = connect(world)
    assert partner.users(add("ann")).status_code == 201
    send = {"name": partner.name, "users": lambda: partner.users(add("ann", "bob"))}[call]
    with held("select from cohorts_cohort for update"):
        assert send().status_code == 423
    assert send().status_code == 201


def test_no_call_that_writes_is_left_out() -> None:
    posts = {f"/{p.pattern}" for p in rest_api if hasattr(getattr(p.callback, "cls", None), "post")}
    assert {path for path in posts if not path.startswith("/partners/")} == CALLS.keys() | READING


def page(name: str, workspace: Workspace, *args: Any) -> str:
    return reverse(name, args=[workspace.slug, *args])


def test_a_page_says_that_others_hold_it_and_offers_to_try_again(
    world: Workspace, admin_client: Client, impatient: None
) -> None:
    ann = Profile.objects.get(external_id="ann")
    address = page("person-delete", world, ann.braze_id)
    with held(PEOPLE):
        response = admin_client.post(address, {"confirm": ["<ann>", "é"]})
    assert response.status_code == 423
    content = response.content.decode()
    assert "Somebody else is changing this" in content
    assert '<input type="hidden" name="confirm" value="&lt;ann&gt;">' in content
    assert '<input type="hidden" name="confirm" value="é">' in content
    assert Profile.objects.filter(pk=ann.pk).exists()
    assert admin_client.post(address).status_code == 302
    assert not Profile.objects.filter(pk=ann.pk).exists()


def test_the_page_speaks_french(world: Workspace, admin_client: Client, impatient: None) -> None:
    ann = Profile.objects.get(external_id="ann")
    with held(PEOPLE):
        response = admin_client.post(
            page("person-delete", world, ann.braze_id), headers={"Accept-Language": "fr"}
        )
    assert "Quelqu’un d’autre est en train de modifier ces données" in response.content.decode()


@pytest.mark.parametrize(
    ("name", "held_rows", "fields"),
    [
        ("person-edit", PEOPLE, USUAL | {"country": "FR"}),
        ("group-edit", "select from profiles_subscriptiongroup for update", {"name": "New"}),
        ("segment-archive", "select from workspaces_workspace for update", {}),
    ],
)
def test_other_pages_do_not_wait_for_ever_either(
    world: Workspace,
    admin_client: Client,
    impatient: None,
    name: str,
    held_rows: str,
    fields: dict[str, str],
) -> None:
    named = {
        "person-edit": Profile.objects.get(external_id="ann").braze_id,
        "group-edit": GROUP,
        "segment-archive": SEGMENT,
    }[name]
    with held(held_rows):
        assert admin_client.post(page(name, world, named), fields).status_code == 423


@pytest.mark.parametrize(
    ("script", "waits"),
    [
        ("import braze_portal.wsgi", "3s"),
        ("connections.as_job(lambda: None, None, None)", "1min"),
        ("pass", "0"),
    ],
)
def test_web_processes_and_jobs_wait_for_so_long(script: str, waits: str) -> None:
    """Commands and migrations wait for ever."""
    code = f"""
import django
django.setup()
from django.db import connection
from braze_portal import connections
{script}
for _ in range(2):
    with connection.cursor() as cursor:
        cursor.execute("show lock_timeout")
        print(cursor.fetchone()[0])
    connection.close()
connection.close_pool()
"""
    shown = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        cwd=conf.BASE_DIR,
        env=os.environ
        | {"DJANGO_SETTINGS_MODULE": "braze_portal.settings", "DATABASE_URL": database_url()},
        check=True,
        capture_output=True,
        text=True,
    )
    assert shown.stdout.split() == [waits, waits]
