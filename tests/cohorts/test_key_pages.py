"""Generating, revealing and ending Data Import Keys: who may, what is said, what is on record."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cohorts import keys
from cohorts.models import DataImportKey
from lib.masking import mask
from tests.worlds.factories import WorkspaceFactory, import_key
from workspaces.models import AuditEntry

HEAP = "/w/acme/partners/heap/"
NEW = f"{HEAP}keys/new/"
HTMX = {"HX-Request": "true"}


def url(key: DataImportKey, action: str, partner: str = "heap") -> str:
    return f"/w/acme/partners/{partner}/keys/{key.pk}/{action}/"


def on_record() -> list[tuple[str, str, dict[str, Any]]]:
    return list(AuditEntry.objects.values_list("action", "subject", "detail"))


def close(moment: Any, expected: Any) -> bool:
    return abs(moment - expected) < timedelta(minutes=1)


# Who may


@pytest.mark.parametrize("action", ["reveal", "invalidate"])
def test_key_pages_are_for_admins(action, analyst_client, marketer_client, workspace):
    key, _ = import_key(workspace)
    for client in (analyst_client, marketer_client):
        for path in (NEW, url(key, action)):
            assert (client.get(path).status_code, client.post(path).status_code) == (403, 403)
    assert on_record() == []


@pytest.mark.parametrize("action", ["reveal", "invalidate"])
def test_stranger_gets_404_for_key_pages(action, stranger_client, workspace):
    key, _ = import_key(workspace)
    for path in (NEW, url(key, action)):
        assert stranger_client.get(path).status_code == 404
        assert stranger_client.post(path, {"name": "x", "when": "now"}).status_code == 404
    assert DataImportKey.objects.live().count() == 1


@pytest.mark.parametrize("action", ["reveal", "invalidate"])
def test_key_of_another_workspace_or_partner_is_404(action, admin_client, workspace):
    foreign, _ = import_key(WorkspaceFactory())
    own, _ = import_key(workspace)
    for path in (url(foreign, action), url(own, action, partner="segment")):
        assert admin_client.get(path).status_code == 404
        assert admin_client.post(path, {"when": "now"}).status_code == 404
    assert DataImportKey.objects.live().count() == 2


def test_read_only_members_see_no_buttons(marketer_client, workspace):
    key, _ = import_key(workspace)
    text = marketer_client.get(HEAP).content.decode()
    assert url(key, "invalidate") not in text
    assert NEW not in text
    assert "Reveal</button>" not in text


def test_key_forms_want_a_token_against_forgery(admin, workspace):
    key, _ = import_key(workspace)
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin.user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(url(key, "reveal")).status_code == 403


# Generating


def test_generated_key_is_shown_once_and_works(admin_client, admin, workspace):
    page = admin_client.post(NEW, {"name": "For Dana"})
    key = DataImportKey.objects.get()
    secret = keys.reveal(key)
    assert page.content.decode().count(secret) == 1
    assert "no-store" in page["Cache-Control"]
    assert (key.name, key.created_by, key.workspace) == ("For Dana", admin.user, workspace)
    assert on_record() == [("Generated Data Import Key", "For Dana", {"partner": "Heap"})]


def test_generated_key_is_nowhere_else(admin_client):
    admin_client.post(NEW, {"name": "For Dana"})
    secret = keys.reveal(DataImportKey.objects.get())
    assert secret not in str(dict(admin_client.session)) + str(admin_client.cookies)
    assert secret not in admin_client.get(HEAP).content.decode()


def test_name_of_a_live_key_is_not_given_twice(admin_client, workspace):
    import_key(workspace, name="Main")
    page = admin_client.post(NEW, {"name": "Main"})
    assert page.context["form"].errors == {
        "name": ["A live key has this name already. Choose a different name."]
    }
    assert DataImportKey.objects.count() == 1


def test_name_of_an_ended_or_foreign_key_is_free(admin_client, workspace):
    import_key(workspace, name="Main", invalidated_at=timezone.now())
    import_key(workspace, name="Main", partner="segment")
    import_key(WorkspaceFactory(), name="Main")
    admin_client.post(NEW, {"name": "Main"})
    assert DataImportKey.objects.in_workspace(workspace).live().count() == 2


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\0b"])
def test_name_must_be_one(name, admin_client):
    assert "name" in admin_client.post(NEW, {"name": name}).context["form"].errors
    assert DataImportKey.objects.count() == 0


# Revealing


def test_reveal_shows_the_secret_and_is_on_record(admin_client, workspace):
    key, secret = import_key(workspace, name="Main")
    page = admin_client.post(url(key, "reveal"), headers=HTMX)
    text = page.content.decode()
    assert re.findall(r'value="([^"]{30,})" readonly', text) == [secret]
    assert "<html" not in text
    assert "no-store" in page["Cache-Control"]
    assert on_record() == [("Revealed Data Import Key", "Main", {"partner": "Heap"})]


def test_reveal_works_without_javascript(admin_client, workspace):
    key, secret = import_key(workspace)
    _, other = import_key(workspace, name="Other")
    page = admin_client.post(url(key, "reveal"))
    assert page.content.decode().count(secret) == 1
    assert other not in page.content.decode()
    assert "no-store" in page["Cache-Control"]


def test_reveal_by_address_alone_shows_nothing(admin_client, workspace):
    key, _ = import_key(workspace)
    assert admin_client.get(url(key, "reveal")).url == HEAP
    assert on_record() == []


def test_ended_key_is_not_revealed(admin_client, workspace):
    key, _ = import_key(workspace, invalidated_at=timezone.now())
    assert admin_client.post(url(key, "reveal")).url == HEAP
    assert admin_client.post(url(key, "reveal"), headers=HTMX)["HX-Redirect"] == HEAP
    assert on_record() == []


def test_key_of_a_lost_data_key_is_said_to_be_unreadable(admin_client, workspace, settings):
    key, _ = import_key(workspace)
    settings.DATA_KEYS = ["another"]
    page = admin_client.post(url(key, "reveal"), follow=True)
    assert (
        "The portal cannot decrypt this key. Ask whoever runs it to check its data keys."
        in page.content.decode()
    )
    assert on_record() == []


def test_secrets_are_on_no_other_page(admin_client, workspace):
    key, secret = import_key(workspace)
    pages = [HEAP, "/w/acme/partners/", NEW, url(key, "invalidate"), "/w/acme/settings/audit/"]
    admin_client.post(url(key, "reveal"))
    assert [path for path in pages if secret in admin_client.get(path).content.decode()] == []
    assert mask(secret) in admin_client.get(HEAP).content.decode()


# Ending


def test_invalidate_names_what_will_break(admin_client, workspace):
    key, _ = import_key(workspace, last_used_at=timezone.now() - timedelta(minutes=3))
    text = admin_client.get(url(key, "invalidate")).content.decode()
    assert "3\xa0minutes ago" in text
    assert "refused with 401 “Invalid client secret”" in text
    assert "Heap has no other live key." in text


def test_invalidate_tells_whether_the_next_key_is_in_use(admin_client, workspace):
    key, _ = import_key(workspace)
    import_key(workspace, name="Unused")
    import_key(workspace, name="Used", last_used_at=timezone.now())
    import_key(workspace, name="Gone", invalidated_at=timezone.now())
    text = admin_client.get(url(key, "invalidate")).content.decode()
    assert "Heap has never called with this key." in text
    assert "<strong>Unused</strong> is live, but Heap has never called with it" in text
    assert "Heap already uses the key <strong>Used</strong>" in text
    assert "Gone" not in text


def test_invalidate_tells_that_the_other_key_ends_too(admin_client, workspace):
    key, _ = import_key(workspace)
    ends = timezone.now() + timedelta(hours=3, minutes=1)
    import_key(workspace, name="Used", last_used_at=timezone.now(), expires_at=ends)
    text = admin_client.get(url(key, "invalidate")).content.decode()
    assert "Expires</span>" in text
    assert "3\xa0hours from now" in text


def test_invalidate_at_once(admin_client, workspace):
    key, _ = import_key(workspace, name="Main")
    assert admin_client.post(url(key, "invalidate"), {"when": "now"}).url == HEAP
    key.refresh_from_db()
    assert (key.is_live(timezone.now()), key.expires_at) == (False, None)
    ((action, subject, detail),) = on_record()
    assert (action, subject, detail["partner"]) == ("Invalidated Data Import Key", "Main", "Heap")


@pytest.mark.parametrize(("when", "hours"), [("hour", 1), ("day", 24), ("week", 168)])
def test_invalidate_after_a_grace_period(when, hours, admin_client, workspace):
    key, _ = import_key(workspace)
    admin_client.post(url(key, "invalidate"), {"when": when})
    key.refresh_from_db()
    assert close(key.expires_at, timezone.now() + timedelta(hours=hours))
    assert key.invalidated_at is None
    assert on_record()[0][2]["ends"] == key.expires_at.isoformat()


def test_invalidate_at_a_date_in_the_time_zone_of_the_workspace(admin_client, workspace):
    workspace.time_zone = "Europe/Paris"
    workspace.save()
    key, _ = import_key(workspace)
    admin_client.post(url(key, "invalidate"), {"when": "date", "date": "2100-07-01T12:00"})
    key.refresh_from_db()
    assert key.expires_at.isoformat() == "2100-07-01T10:00:00+00:00"


@pytest.mark.parametrize(
    "data", [{}, {"when": "soon"}, {"when": "date"}, {"when": "date", "date": "2020-01-01T00:00"}]
)
def test_invalidate_wants_a_moment_to_come(data, admin_client, workspace):
    key, _ = import_key(workspace)
    assert admin_client.post(url(key, "invalidate"), data).context["form"].errors
    assert DataImportKey.objects.live().count() == 1


def test_expiry_is_brought_forward_or_cancelled(admin_client, workspace):
    key, _ = import_key(workspace, name="Main", expires_at=timezone.now() + timedelta(days=7))
    admin_client.post(url(key, "invalidate"), {"when": "hour"})
    key.refresh_from_db()
    assert close(key.expires_at, timezone.now() + timedelta(hours=1))
    admin_client.post(url(key, "invalidate"), {"when": "never"})
    key.refresh_from_db()
    assert key.expires_at is None
    assert on_record()[0] == ("Kept Data Import Key", "Main", {"partner": "Heap", "ends": None})


def test_never_is_offered_only_where_an_expiry_is_set(admin_client, workspace):
    key, _ = import_key(workspace)
    page = admin_client.post(url(key, "invalidate"), {"when": "never"})
    assert "when" in page.context["form"].errors


@pytest.mark.parametrize("ended", ["invalidated_at", "expires_at"])
def test_ended_key_stays_ended(ended, admin_client, workspace):
    key, _ = import_key(workspace, **{ended: timezone.now()})
    for when in ("never", "week", "now"):
        assert admin_client.post(url(key, "invalidate"), {"when": when}).url == HEAP
    assert DataImportKey.objects.live().count() == 0
    assert on_record() == []


def test_states_of_keys_are_told_apart(admin_client, workspace):
    now = timezone.now()
    import_key(workspace, name="Live")
    import_key(workspace, name="Ending", expires_at=now + timedelta(hours=2, minutes=1))
    import_key(workspace, name="Expired", expires_at=now)
    import_key(workspace, name="Over", invalidated_at=now)
    rows = admin_client.get(HEAP).context["keys"]
    assert [(row.key.name, row.live) for row in rows] == [
        ("Ending", True),
        ("Live", True),
        ("Over", False),
        ("Expired", False),
    ]
