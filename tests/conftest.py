"""What every test may ask for."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from django.test import Client, override_settings

from braze_portal import catalogue
from cohorts import refusals, samples
from profiles.fake.seeding import seed_people
from segments.audiences import patience
from tests.worlds.factories import MemberFactory, WorkspaceFactory
from tests.worlds.partner_calls import PartnerCaller, connect
from tests.worlds.settling import settle
from workspaces import passwords
from workspaces.models import Member, Role, Workspace


@pytest.fixture(scope="session", autouse=True)
def written_translations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The translations as they are written now, whatever was last compiled of them."""
    folder = tmp_path_factory.mktemp("locale")
    for language in catalogue.languages():
        path = folder / language / "LC_MESSAGES" / "django.po"
        path.parent.mkdir(parents=True)
        copyfile(catalogue.file_of(language), path)
        with path.with_suffix(".mo").open("wb") as compiled:
            write_mo(compiled, catalogue.read(language))
    with override_settings(LOCALE_PATHS=[folder]):
        yield folder


@pytest.fixture(autouse=True)
def plain_settings(settings: Any, tmp_path: Any, django_db_serialized_rollback: None) -> None:
    """Fast password hashes, static files without a manifest, mail in memory, files of its own.

    What the migrations put into the database is put back for tests with real transactions.
    """
    settings.STATIC_ROOT = settings.VAR_DIR = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture(autouse=True)
def untried() -> None:
    """Forget how often the tests before have failed to sign in or to call, all from one address."""
    passwords.tries.forget()
    refusals.forget()
    samples.forget()


@pytest.fixture(autouse=True)
def unhurried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give pages ten times the time, so that a busy machine changes no answer.

    A test of what happens when time is up is marked ``hurried``.
    """
    if "hurried" not in request.keywords:
        for name in ("CATCH_UP_SECONDS", "SLICE_SECONDS", "ANSWER_SECONDS", "SMALL_SECONDS"):
            monkeypatch.setattr(patience, name, 10 * getattr(patience, name))


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


#: More people than are always asked at once.
MANY = 12_000


@pytest.fixture
def large(transactional_db: None) -> Workspace:
    """A workspace of ``MANY`` people, each committed, and settled for all who look later."""
    workspace = WorkspaceFactory()
    seed_people(workspace, MANY)
    settle()
    return workspace
