"""What every test may ask for."""

from typing import Any

import pytest
from django.test import Client

from tests.factories import MemberFactory
from tests.partner_calls import PartnerCaller, connect
from workspaces.models import Member, Role, Workspace


@pytest.fixture(autouse=True)
def plain_settings(settings: Any, tmp_path: Any, django_db_serialized_rollback: None) -> None:
    """Fast password hashes, static files without a manifest, mail in memory.

    What the migrations put into the database is put back for tests with real transactions.
    """
    settings.STATIC_ROOT = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture
def workspace(db: None) -> Workspace:
    return MemberFactory(workspace__slug="acme", workspace__name="Acme").workspace


@pytest.fixture
def admin(workspace: Workspace) -> Member:
    return workspace.members.get(role=Role.ADMIN)


@pytest.fixture
def marketer(workspace: Workspace) -> Member:
    return MemberFactory(workspace=workspace, role=Role.MARKETER)


@pytest.fixture
def analyst(workspace: Workspace) -> Member:
    return MemberFactory(workspace=workspace, role=Role.ANALYST)


def signed_in(member: Member) -> Client:
    client = Client()
    client.force_login(member.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def admin_client(admin: Member) -> Client:
    return signed_in(admin)


@pytest.fixture
def marketer_client(marketer: Member) -> Client:
    return signed_in(marketer)


@pytest.fixture
def analyst_client(analyst: Member) -> Client:
    return signed_in(analyst)


@pytest.fixture
def stranger_client(db: None) -> Client:
    """An admin of another workspace."""
    return signed_in(MemberFactory())


@pytest.fixture
def heap(workspace: Workspace) -> PartnerCaller:
    """Heap, connected to the workspace."""
    return connect(workspace)
