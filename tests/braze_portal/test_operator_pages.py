"""Django's admin, for operators: complete, and without a secret anywhere."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign, Canvas
from cohorts import keys
from cohorts.models import Cohort, DataImportKey, Partner, PartnerApiKey
from profiles.models import CustomAttribute, Profile
from segments.models import Segment
from tests.worlds.factories import (
    PASSWORD,
    CohortFactory,
    CohortImportFactory,
    ConnectorFactory,
    ProfileFactory,
    SegmentFactory,
    import_key,
)
from workspaces import audit
from workspaces.models import AuditEntry, User, Workspace

ROOMS = {"workspaces", "currents", "profiles", "segments", "cohorts", "campaigns"}
MODELS = [model for model in admin.site._registry if model._meta.app_label in ROOMS]
READ_ONLY = {"AuditEntry", "DataImportKey", "CohortImport", "Connector"}


def page(model: type[Model], action: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_{action}", args=args)


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    user = User.objects.create_superuser("op@example.com", PASSWORD)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def full(workspace: Workspace) -> Workspace:
    """One row of everything."""
    import_key(workspace)
    keys.issue_partner_key(Partner.objects.get(slug="heap"))
    cohort = CohortFactory(workspace=workspace)
    CohortImportFactory(workspace=workspace, cohort=cohort)
    ConnectorFactory(workspace=workspace)
    ProfileFactory(workspace=workspace)
    SegmentFactory(workspace=workspace)
    workspace.custom_attributes.create(name="plan", type="string")
    Campaign.objects.create(workspace=workspace, name="Welcome")
    Canvas.objects.create(workspace=workspace, name="Onboarding")
    audit.record(workspace, None, "Added Segment", "Mine")
    return workspace


def test_every_model_that_operators_need_is_there() -> None:
    assert {model.__name__ for model in MODELS} == READ_ONLY | {
        "User",
        "Workspace",
        "Member",
        "Profile",
        "CustomAttribute",
        "Segment",
        "Campaign",
        "Canvas",
        "Partner",
        "PartnerApiKey",
        "Cohort",
    }
    assert Group not in admin.site._registry


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_list_and_every_row_opens(
    operator: Client, full: Workspace, model: type[Model]
) -> None:
    row = model._default_manager.latest("pk")
    for url in (page(model, "changelist"), page(model, "change", row.pk)):
        assert operator.get(url).status_code == 200
    assert operator.get(page(model, "changelist") + "?q=x").status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_is_only_read_cannot_be_added(
    operator: Client, full: Workspace, model: type[Model]
) -> None:
    expected = 403 if model.__name__ in READ_ONLY else 200
    assert operator.get(page(model, "add")).status_code == expected


@pytest.mark.parametrize("model", [AuditEntry, DataImportKey, PartnerApiKey])
def test_records_and_keys_are_not_edited(
    operator: Client, full: Workspace, model: type[Model]
) -> None:
    row = model._default_manager.latest("pk")
    assert operator.post(page(model, "change", row.pk), {"name": "x"}).status_code == 403


@pytest.mark.parametrize("model", [Partner, Cohort, Segment])
def test_what_stored_trees_name_is_not_deleted(
    operator: Client, full: Workspace, model: type[Model]
) -> None:
    row = model._default_manager.latest("pk")
    assert operator.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    ("model", "fixed"),
    [
        (Profile, {"workspace"}),
        (CustomAttribute, {"workspace"}),
        (Segment, {"workspace"}),
        (Campaign, {"workspace"}),
        (Cohort, {"workspace", "partner"}),
    ],
)
def test_nothing_moves_to_another_workspace(
    operator: Client, full: Workspace, model: Any, fixed: set[str]
) -> None:
    row = model._default_manager.latest("pk")
    owners = {"workspace", "partner"}
    editable = operator.get(page(model, "change", row.pk)).context["adminform"].form.fields
    assert owners & set(editable) == set()
    offered = operator.get(page(model, "add")).context["adminform"].form.fields
    assert owners & set(offered) == fixed


def test_an_alias_of_another_workspace_is_refused(operator: Client, full: Workspace) -> None:
    person, stranger = full.profiles.latest("pk"), ProfileFactory()
    url = page(Profile, "change", person.pk)
    shown = operator.get(url).context["adminform"].form.initial
    data = {name: value for name, value in shown.items() if value is not None} | {"custom": "{}"}
    for prefix in ("aliases", "devices"):
        data |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    row = {"aliases-TOTAL_FORMS": 1, "aliases-0-label": "crm", "aliases-0-name": "n"}
    foreign = row | {"aliases-0-workspace": stranger.workspace_id}
    assert operator.post(url, data | foreign).status_code == 200
    assert person.aliases.count() == 0
    assert operator.post(url, data | row | {"aliases-0-workspace": full.pk}).status_code == 302
    assert person.aliases.count() == 1


@pytest.mark.parametrize("model", [DataImportKey, PartnerApiKey])
def test_no_page_shows_a_secret(operator: Client, full: Workspace, model: Any) -> None:
    key = model.objects.get()
    for url in (page(model, "changelist"), page(model, "change", key.pk)):
        text = operator.get(url).content.decode()
        hidden = (key.digest, bytes(key.ciphertext).decode(), keys.reveal(key))
        assert [secret in text for secret in hidden] == [False, False, False]


def test_an_operator_issues_a_partner_key_and_sees_it_once(operator: Client) -> None:
    heap = Partner.objects.get(slug="heap")
    response = operator.post(page(PartnerApiKey, "add"), {"partner": heap.pk})
    shown = re.search(r'value="([\w-]{43})"', response.content.decode())
    assert shown
    assert "no-store" in response["Cache-Control"]
    assert [shown[1] in str(cookie) for cookie in operator.cookies.values()] == [False, False]
    assert keys.find(PartnerApiKey.objects, shown[1]) == heap.api_keys.get()
    again = operator.get(page(PartnerApiKey, "changelist")).content.decode()
    assert shown[1] not in again


def test_an_operator_makes_a_user(operator: Client) -> None:
    data = {
        "email": "new@example.com",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "memberships-TOTAL_FORMS": 0,
        "memberships-INITIAL_FORMS": 0,
    }
    assert operator.post(page(User, "add"), data).status_code == 302
    assert User.objects.get(email="new@example.com").check_password(PASSWORD)


def test_members_of_a_workspace_are_not_let_in(admin_client: Client) -> None:
    assert admin_client.get("/admin/").url == "/admin/login/?next=/admin/"
