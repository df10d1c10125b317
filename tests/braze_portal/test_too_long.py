"""Whatever is longer than an index takes is refused as that item, at every door."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from profiles.models import IDENTIFIER_BYTES, Profile, PushToken
from tests.worlds.csv_uploads import page as import_page
from tests.worlds.csv_uploads import proposed, uploaded
from tests.worlds.factories import PASSWORD, ProfileFactory
from tests.worlds.partner_calls import PartnerCaller
from tests.worlds.rest_callers import RestCaller, rest_caller
from tests.worlds.track_calls import TIME, Tracker, tracker_of
from workspaces.models import User, Workspace

INDEX_BYTES = 2704
#: Columns of an index that hold fewer bytes than four for each character: their doors see to it.
IN_BYTES = {
    ("profiles_alias", "label"): IDENTIFIER_BYTES,
    ("profiles_alias", "name"): IDENTIFIER_BYTES,
    ("profiles_device", "device_id"): IDENTIFIER_BYTES,
    ("profiles_formerexternalid", "external_id"): IDENTIFIER_BYTES,
    ("profiles_profile", "external_id"): IDENTIFIER_BYTES,
    ("cohorts_cohort", "cohort_id"): IDENTIFIER_BYTES,
    ("profiles_pushtoken", "token"): 1024,
}
INDEXES = """
select table_class.relname, index_class.relname, attribute.attname,
    attribute.atttypmod - 4, format_type(attribute.atttypid, null)
from pg_index
join pg_class index_class on index_class.oid = indexrelid
join pg_class table_class on table_class.oid = indrelid
join pg_namespace space on space.oid = table_class.relnamespace
join pg_attribute attribute on attribute.attrelid = indrelid and attribute.attnum = any(indkey)
where space.nspname = current_schema()
    and table_class.relname ~ '^(workspaces|currents|profiles|segments|cohorts|campaigns|axes)_'
"""


def wide(length: int) -> str:
    """Return a text of four bytes a letter, which does not get smaller by compressing it."""
    random = Random(length)
    return "".join(chr(random.randrange(0x20000, 0x2A000)) for _ in range(length))


def test_no_index_can_be_asked_for_more_than_it_takes(db: None) -> None:
    """For a new column: bound it, and where by bytes say so above."""
    sizes: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(INDEXES)
        for table, index, column, length, kind in cursor.fetchall():
            texts = kind in {"character varying", "text"}
            assert not texts or length > 0 or (table, column) in IN_BYTES, (table, column)
            size = IN_BYTES.get((table, column), 4 * length if texts else 16)
            sizes[index] = sizes.get(index, 16) + size
    assert len(sizes) > 100
    assert {index: size for index, size in sizes.items() if size > INDEX_BYTES} == {}


@pytest.fixture
def tracker(workspace: Workspace) -> Tracker:
    return tracker_of(workspace)


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace)


def token(text: str, app: str = "web") -> dict[str, Any]:
    return {"external_id": "ann", "push_tokens": [{"app_id": app, "token": text}]}


def test_a_push_token_of_wide_letters_is_refused_alone(tracker: Tracker) -> None:
    answer = tracker.track(attributes=[token(wide(1024)), {"external_id": "bob"}])
    reason = "'token' must have at most 1024 bytes"
    assert answer["errors"] == [{"type": reason, "input_array": "attributes", "index": 0}]
    assert Profile.objects.get().external_id == "bob"


def test_the_longest_push_token_is_taken(tracker: Tracker) -> None:
    tracker.say(push_tokens=[{"app_id": wide(255), "token": wide(256), "device_id": wide(249)}])
    assert PushToken.objects.get().token == wide(256)


def email(letter: str, length: int) -> str:
    """An address of so many characters, of which ``letter`` makes up the labels of the domain."""
    return ("a@" + ".".join([letter * 60] * (length // 60 + 1)))[: length - 2].rstrip(".") + "fr"


ITEMS: dict[str, Callable[[int], dict[str, Any]]] = {
    "external_id": lambda n: {"external_id": wide(n)},
    "alias label": lambda n: {
        "user_alias": {"alias_label": wide(n), "alias_name": "a"},
        "_update_existing_only": False,
    },
    "alias name": lambda n: {
        "user_alias": {"alias_label": wide(min(n, 249)), "alias_name": wide(n)},
        "_update_existing_only": False,
    },
    "app_id of a token": lambda n: token("t", wide(n)),
    "token": lambda n: token(wide(n), wide(255)),
    "device_id": lambda n: {
        "external_id": "ann",
        "push_tokens": [{"app_id": "a", "token": "t", "device_id": wide(n)}],
    },
    "name of an attribute": lambda n: {"external_id": "ann", wide(n): 1},
    "email": lambda n: {"email": email("\u0130", n)},
    "email of somebody": lambda n: {"external_id": "ann", "email": email("\u0130", n)},
    "app_id of a session": lambda n: {
        "external_id": "ann",
        "app_id": wide(n),
        "date_of_last_session": TIME,
    },
}
LENGTHS = [249, 255, 256, 300, 320, 997, 1024, 5000]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("door", ITEMS)
def test_an_item_of_attributes(tracker: Tracker, door: str, length: int) -> None:
    answer = tracker.post("/users/track", {"attributes": [ITEMS[door](length)]})
    assert answer.status_code in {201, 400}, answer.content
    assert (answer.status_code == 400) == bool(answer.json().get("errors"))
    assert Profile.objects.count() == (answer.status_code == 201)


@pytest.mark.parametrize("length", LENGTHS)
def test_an_event_and_a_purchase(tracker: Tracker, length: int) -> None:
    who = {"external_id": "ann", "time": TIME}
    named = {"events": [who | {"name": wide(length)}]}
    named["purchases"] = [who | {"product_id": wide(length), "currency": "USD", "price": 1}]
    in_app = {"events": [who | {"name": "a", "app_id": wide(length)}]}
    for body in (named, in_app):
        answer = tracker.post("/users/track", body)
        assert answer.status_code == (201 if length <= 255 else 400), answer.content


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/users/alias/new", {"user_aliases": [{"alias_label": "a", "alias_name": "x"}]}),
        (
            "/users/alias/update",
            {"alias_updates": [{"alias_label": "a", "old_alias_name": "x", "new_alias_name": "x"}]},
        ),
        (
            "/users/external_ids/rename",
            {"external_id_renames": [{"current_external_id": "ann", "new_external_id": "x"}]},
        ),
        ("/users/external_ids/remove", {"external_ids": ["x"]}),
        ("/users/delete", {"external_ids": ["x"]}),
        ("/users/export/ids", {"external_ids": ["x"], "fields_to_export": ["email"]}),
        ("/email/status", {"email": "x", "subscription_state": "unsubscribed"}),
    ],
)
def test_a_call_of_identities(caller: RestCaller, path: str, body: Any, length: int) -> None:
    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(part) for name, part in value.items()}
        if isinstance(value, list):
            return [filled(part) for part in value]
        return text if value == "x" else value

    ProfileFactory(workspace=caller.workspace, external_id="ann")
    text = email("\u0130", length) if path == "/email/status" else wide(length)
    answer = caller.post(path, filled(body))
    assert 200 <= answer.status_code < 500, answer.content


@pytest.mark.parametrize("length", LENGTHS)
def test_a_partner(heap: PartnerCaller, length: int) -> None:
    text = wide(length)
    for answer in (
        heap.users({"user_ids": [text]}),
        heap.users({"device_ids": [text]}),
        heap.users({"aliases": [{"alias_label": text, "alias_name": text}]}),
        heap.users({"user_ids": ["a"]}, cohort_id=text),
        heap.name(cohort_id=text),
    ):
        assert answer.status_code == (201 if length <= 249 else 400), answer.content


@pytest.mark.parametrize("length", [249, 256, 997, 5000])
@pytest.mark.parametrize("header", ["external_id", "email", "alias_name", "plan"])
def test_a_file_of_users(admin_client: Client, header: str, length: int) -> None:
    ids = "" if header == "external_id" else "external_id,"
    made = uploaded(admin_client, f"{ids}{header}\n{'ann,' if ids else ''}{wide(length)}\n")
    answer = admin_client.post(import_page(made, "columns/"), proposed(admin_client, made))
    assert answer.status_code in {200, 302}


FORMS: dict[str, Callable[[str], dict[str, Any]]] = {
    "group-new": lambda text: {"name": text, "channel": "email"},
    "connector-new": lambda text: {"name": text, "url": "https://x.example/", "events": "all"},
    "api-key-new": lambda text: {"name": text, "everything": "on"},
    "segment-new": lambda text: {"name": text},
    "campaign-new": lambda text: {"name": text},
    "canvas-new": lambda text: {"name": text},
    "user-list-new": lambda text: {
        "name": text,
        "file": SimpleUploadedFile("a.csv", f"external_id\n{text}\n".encode()),
    },
    "user-search": lambda text: {"q": text},
    "team": lambda text: {"email": f"a@{text[:60]}.fr", "role": "analyst"},
}


@pytest.mark.parametrize("length", [100, 200, 255, 997, 5000])
@pytest.mark.parametrize("door", FORMS)
def test_a_form(admin_client: Client, heap: PartnerCaller, door: str, length: int) -> None:
    url = reverse(door, args=["acme"])
    for answer in (
        admin_client.post(url, FORMS[door](wide(length))),
        admin_client.get(url, FORMS[door](wide(length))),
    ):
        assert answer.status_code < 500


@pytest.mark.parametrize("length", [254, 255, 5000])
def test_sign_in(client: Client, db: None, length: int) -> None:
    for name in (wide(length), "\ufdfa" * length):
        data = {"username": name, "password": "x"}
        agent = {"User-Agent": wide(length).encode().decode("latin-1")}
        assert client.post("/sign-in/", data, headers=agent).status_code == 200


@pytest.mark.parametrize("length", [249, 250, 997])
def test_an_operator(client: Client, workspace: Workspace, length: int) -> None:
    client.force_login(
        User.objects.create_superuser("op@example.com", PASSWORD),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    person = ProfileFactory(workspace=workspace, external_id="ann")
    url = reverse("admin:profiles_profile_change", args=[person.pk])
    shown = client.get(url).context["adminform"].form.initial
    data = {name: value for name, value in shown.items() if value is not None} | {"custom": "{}"}
    for prefix in ("aliases", "devices"):
        data |= {f"{prefix}-TOTAL_FORMS": 1, f"{prefix}-INITIAL_FORMS": 0}
        data |= {f"{prefix}-0-workspace": workspace.pk}
    data |= {"aliases-0-label": wide(length), "aliases-0-name": wide(length)}
    data |= {"devices-0-device_id": wide(length), "external_id": wide(length)}
    answer = client.post(url, data)
    assert answer.status_code == (302 if length <= 249 else 200)
    cohort: dict[str, Any] = {
        "workspace": workspace.pk,
        "partner": heap_id(),
        "cohort_id": wide(length),
    }
    for moment in ("created_at", "last_sync_at"):
        cohort |= {f"{moment}_0": "2026-01-01", f"{moment}_1": "00:00"}
    answer = client.post(reverse("admin:cohorts_cohort_add"), cohort | {"name": "a"})
    assert answer.status_code == (302 if length <= 249 else 200)


def heap_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select id from cohorts_partner where slug = 'heap'")
        return int(cursor.fetchone()[0])
