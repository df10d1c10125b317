"""``manage.py provision``: what is missing is made, once."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cohorts import keys
from cohorts.models import DataImportKey, Partner, PartnerApiKey
from tests.worlds.factories import PASSWORD, MemberFactory
from workspaces.api_keys.keys import find
from workspaces.models import AuditEntry, Member, RestApiKey, Role, User, Workspace
from workspaces.permissions import all_permissions

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("provision", "--workspace", "acme", "--partner", "heap", *arguments, stdout=out)
    return out.getvalue()


def provision(*arguments: str) -> dict[str, Any]:
    return json.loads(run("--json", *arguments))


def test_provision_prints_keys_by_which_the_workspace_is_found(settings: Any) -> None:
    settings.REST_ENDPOINT = "https://rest.example.com"
    answer = provision()
    heap = Partner.objects.get(slug="heap")
    key = keys.find(DataImportKey.objects.live(), answer["data_import_key"])
    assert keys.find(PartnerApiKey.objects.all(), answer["partner_api_key"]).partner == heap
    assert (key.workspace.slug, key.partner) == ("acme", heap)
    assert answer == {
        "workspace": "acme",
        "rest_endpoint": "https://rest.example.com",
        "partner": "heap",
        "partner_api_key": answer["partner_api_key"],
        "data_import_key": answer["data_import_key"],
        "rest_api_key": answer["rest_api_key"],
    }


def test_provision_prints_a_rest_api_key_that_may_do_everything() -> None:
    key = find(provision()["rest_api_key"])
    assert (key.workspace.slug, key.name) == ("acme", "Provisioned")
    assert key.permissions == list(all_permissions())
    assert (key.allow_list, key.expires_at) == ([], None)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Mine"},
        {"permissions": ["users.track"]},
        {"allow_list": ["192.0.2.0/24"]},
        {"expires_at": datetime(2100, 1, 1, tzinfo=UTC)},
        {"digest": "of another secret"},
    ],
)
def test_provision_makes_another_rest_api_key_where_one_will_not_do(change: Any) -> None:
    first = provision()["rest_api_key"]
    RestApiKey.objects.update(**change)
    second = provision()["rest_api_key"]
    assert first != second == provision()["rest_api_key"]


def test_provision_does_not_bring_a_deleted_rest_api_key_back() -> None:
    first = provision()["rest_api_key"]
    RestApiKey.objects.get().delete()
    assert provision()["rest_api_key"] != first
    assert find(first) is None


def test_provision_knows_the_rest_api_key_of_an_older_data_key(settings: Any) -> None:
    settings.DATA_KEYS = ["old"]
    first = provision()["rest_api_key"]
    settings.DATA_KEYS = ["new", "old"]
    assert provision()["rest_api_key"] == first
    settings.DATA_KEYS = ["new"]
    assert provision()["rest_api_key"] != first


@pytest.mark.parametrize("port", [None, "8123"])
def test_provision_names_the_local_port(monkeypatch: Any, settings: Any, port: str | None) -> None:
    settings.REST_ENDPOINT = ""
    monkeypatch.delenv("PORT", raising=False)
    if port:
        monkeypatch.setenv("PORT", port)
    assert provision()["rest_endpoint"] == f"http://127.0.0.1:{port or '8000'}"


def test_provision_twice_prints_the_same() -> None:
    assert provision() == provision()
    assert (Workspace.objects.count(), DataImportKey.objects.count()) == (1, 1)
    assert RestApiKey.objects.count() == 1


def test_provision_puts_on_record_what_it_made_and_showed() -> None:
    provision()
    provision()
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "subject", "detail")) == [
        ("Generated Data Import Key", "Provisioned", {"partner": "Heap"}),
        ("Added REST API key", "Provisioned", {}),
        ("Revealed Data Import Key", "Provisioned", {"partner": "Heap"}),
        ("Revealed REST API key", "Provisioned", {}),
    ]


def test_provision_replaces_a_key_that_was_invalidated() -> None:
    first = provision()["data_import_key"]
    key = DataImportKey.objects.get()
    key.invalidated_at = key.created_at
    key.save()
    second = provision()["data_import_key"]
    assert first != second == provision()["data_import_key"]


def test_provision_replaces_keys_that_no_data_key_opens(settings: Any) -> None:
    first = provision()
    settings.DATA_KEYS = ["another"]
    second = provision()
    assert first["partner_api_key"] != second["partner_api_key"]
    assert second == provision()


def test_provision_gives_each_workspace_keys_of_its_own() -> None:
    first = provision()
    out = io.StringIO()
    call_command("provision", workspace="other", partner="heap", json=True, stdout=out)
    second = json.loads(out.getvalue())
    assert first["partner_api_key"] == second["partner_api_key"]
    assert first["data_import_key"] != second["data_import_key"]
    assert first["rest_api_key"] != second["rest_api_key"]


def test_provision_for_people_to_read() -> None:
    answer = provision()
    lines = run().splitlines()
    assert lines[0] == "Workspace        acme"
    assert lines[4] == f"Data Import Key  {answer['data_import_key']}"
    assert lines[5] == f"REST API key     {answer['rest_api_key']}"


def test_provision_makes_an_admin_who_can_sign_in() -> None:
    answer = provision("--admin", "ada@example.com")
    user = User.objects.get(email="ada@example.com")
    assert user.check_password(answer["admin_password"])
    assert user.memberships.get().role == Role.ADMIN
    assert provision("--admin", "ada@example.com")["admin_password"] is None


def test_provision_raises_a_member_to_admin_and_keeps_the_password() -> None:
    member: Member = MemberFactory(workspace__slug="acme", role=Role.ANALYST)
    assert provision("--admin", member.user.email.upper())["admin_password"] is None
    member.refresh_from_db()
    assert member.role == Role.ADMIN
    assert User.objects.get().check_password(PASSWORD)


def test_provision_names_the_partners_when_it_does_not_know_one() -> None:
    with pytest.raises(CommandError, match="“hoop”. Known are: heap, mixpanel, amplitude, "):
        call_command("provision", workspace="acme", partner="hoop")
    assert not Workspace.objects.exists()


@pytest.mark.parametrize("arguments", [{"workspace": "no slug"}, {"admin": "no address"}])
def test_provision_refuses_nonsense(arguments: dict[str, str]) -> None:
    with pytest.raises(CommandError):
        call_command("provision", **({"workspace": "acme", "partner": "heap"} | arguments))
