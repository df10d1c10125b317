"""Fake people: always the same ones, added once, fit for every filter."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, Sum

from profiles.models import (
    Alias,
    AttributeType,
    CustomAttribute,
    Device,
    Event,
    EventName,
    EventTotal,
    Profile,
)
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db


def seed(profiles: int, workspace: str = "acme", events: int = 0) -> str:
    out = io.StringIO()
    call_command("seed", workspace=workspace, profiles=profiles, events=events, stdout=out)
    return out.getvalue()


def people(workspace: str = "acme") -> list[dict[str, Any]]:
    columns = {field.attname for field in Profile._meta.fields} - {"id", "workspace_id", "changed"}
    rows = Profile.objects.filter(workspace__slug=workspace).order_by("braze_id")
    return list(rows.values(*sorted(columns)))


def test_seed_makes_users_and_a_twentieth_of_anonymous_people() -> None:
    seed(200)
    users = Profile.objects.identified().values_list("external_id", flat=True)
    assert set(users) == {f"user-{n}" for n in range(1, 201)}
    devices = Device.objects.filter(profile__external_id=None).values_list("device_id", flat=True)
    assert set(devices) == {f"device-{n}" for n in range(1, 11)}
    assert Profile.objects.anonymous().count() == 10


def test_seed_makes_the_same_people_everywhere() -> None:
    seed(100, "here")
    seed(100, "there")
    assert people("here") == people("there")


def test_seed_again_changes_nothing() -> None:
    seed(100)
    before = list(Profile.objects.order_by("id").values())
    assert seed(100).startswith("Added 0 people")
    assert list(Profile.objects.order_by("id").values()) == before


def test_seed_grows_by_the_missing_people_only() -> None:
    seed(60)
    Profile.objects.get(external_id="user-7").delete()
    assert seed(100).startswith("Added 43 people")
    seed(100, "fresh")
    assert people() == people("fresh")


def test_seed_keeps_what_is_known_of_people_already_there() -> None:
    workspace = Workspace.objects.create(slug="acme", name="Acme Inc.")
    Profile.objects.create(workspace=workspace, external_id="user-3", first_name="Ada")
    seed(5)
    assert Profile.objects.get(external_id="user-3").first_name == "Ada"
    assert Workspace.objects.get().name == "Acme Inc."


def test_seed_gives_some_users_an_alias_and_a_device() -> None:
    seed(300)
    alias = Alias.objects.select_related("profile").order_by("id")[0]
    assert (alias.label, alias.name) == (
        "crm_id",
        alias.profile.external_id.replace("user", "crm"),
    )
    device = Device.objects.filter(profile__external_id__isnull=False).order_by("id")[0]
    assert device.device_id == device.profile.external_id.replace("user", "phone")
    assert 30 < Alias.objects.count() < 90


def test_seed_registers_a_custom_attribute_of_every_type() -> None:
    seed(1)
    assert set(CustomAttribute.objects.values_list("type", flat=True)) == set(AttributeType)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("beta_tester", bool),
        ("lifetime_value", (int, float)),
        ("plan", str),
        ("interests", list),
        ("company", dict),
    ],
)
def test_seed_writes_values_of_the_registered_type(name: str, kind: Any) -> None:
    seed(200)
    values = [p.custom[name] for p in Profile.objects.identified() if name in p.custom]
    assert len(values) > 20
    assert all(isinstance(value, kind) for value in values)


def test_seed_skews_what_is_skewed_and_spreads_what_is_even() -> None:
    seed(1000)
    users = Profile.objects.identified()
    countries = users.values_list("country").annotate(n=Count("id")).order_by("-n")
    assert countries[0][0] == "US"
    assert users.filter(country="FR").exclude(language="fr").count() == 0
    assert {p.email_subscribe for p in users} == {"opted_in", "subscribed", "unsubscribed"}
    assert 400 < users.filter(random_bucket__lt=5000).count() < 600
    assert 0 < users.filter(email_hard_bounced_at__isnull=False).count() < 60


def happened(workspace: str = "acme") -> list[Any]:
    rows = Event.objects.filter(workspace__slug=workspace).order_by("profile__braze_id", "pk")
    return list(
        rows.values_list("profile__braze_id", "kind", "name", "time", "amount", "properties")
    )


def test_seed_gives_no_events_unless_asked() -> None:
    seed(10)
    assert not Event.objects.exists()


def test_seed_gives_the_same_events_everywhere_and_once() -> None:
    seed(100, "here", events=3)
    seed(40, "there")
    seed(100, "there", events=3)
    assert "Added 0 events" in seed(100, "there", events=3)
    assert happened("here") == happened("there")


def test_seed_gives_so_many_events_on_average() -> None:
    seed(2000, events=4)
    assert 7600 < Event.objects.count() < 9200
    assert Event.objects.filter(time__gt="2026-11-01T00:00Z").count() == 0
    assert EventTotal.objects.aggregate(n=Sum("count"))["n"] == Event.objects.count()
    assert set(EventName.objects.values_list("kind", flat=True)) == {
        "custom",
        "purchase",
        "session",
    }
    purchases = Event.objects.filter(kind="purchase")
    assert {event.amount is not None and event.amount > 0 for event in purchases} == {True}
    assert Event.objects.filter(properties__plan="pro", properties__steps=3).exists()


@pytest.mark.parametrize(
    ("workspace", "profiles", "events"), [("not a slug", 1, 0), ("acme", -1, 0), ("acme", 1, -1)]
)
def test_seed_refuses_nonsense(workspace: str, profiles: int, events: int) -> None:
    with pytest.raises(CommandError):
        seed(profiles, workspace, events)
