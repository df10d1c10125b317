"""A person's page: everything known, edited, merged, deleted."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cohorts.models import CohortMembership
from profiles.events import NewEvent, record_events
from profiles.models import Alias, CustomAttribute, EventKind, Profile
from profiles.subscriptions.states import named, set_group_state
from tests.worlds.factories import (
    AliasFactory,
    CohortFactory,
    DeviceFactory,
    ProfileFactory,
    SegmentFactory,
    SubscriptionGroupFactory,
)
from tests.worlds.markup import squeezed
from workspaces.models import AuditEntry, Workspace

BRAZE_ID = "ab" * 12
PAGE = f"/w/acme/users/{BRAZE_ID}/"


@pytest.fixture
def ann(workspace: Workspace) -> Profile:
    return ProfileFactory(
        workspace=workspace,
        external_id="ann",
        braze_id=BRAZE_ID,
        first_name="Ann",
        email="ann@example.com",
        country="FR",
        custom={"plan": "pro", "vip": True, "seen": "2026-11-01T10:00:00Z", "tags": ["a", "b"]},
    )


def leaf(key: str, operator: str, *value: Any) -> dict[str, Any]:
    tree = {"filters": [{"filter": key, "operator": operator, "value": list(value)}]}
    return {"groups": [tree]}


def test_the_page_shows_all_that_is_known(
    marketer_client: Client, ann: Profile, workspace: Workspace
) -> None:
    AliasFactory(profile=ann, label="crm", name="c-1")
    DeviceFactory(profile=ann, device_id="phone-1")
    set_group_state(
        SubscriptionGroupFactory(workspace=workspace, name="News"),
        named(workspace, external_ids=["ann"]),
        subscribed=True,
    )
    at = timezone.now() - timedelta(days=2)
    record_events(
        workspace,
        [
            NewEvent(ann.pk, EventKind.CUSTOM, "Signed up", at),
            NewEvent(ann.pk, EventKind.PURCHASE, "Hat", at, Decimal("12.5")),
            NewEvent(ann.pk, EventKind.SESSION, "Web", at),
        ],
    )
    page = marketer_client.get(PAGE).text
    for said in ("Ann", "ann@example.com", "c-1", "phone-1", "News", "Signed up", "12.50 USD"):
        assert said in page
    assert page.count("pro") >= 1


def test_an_analyst_sees_no_personal_data(analyst_client: Client, ann: Profile) -> None:
    page = analyst_client.get(PAGE).text
    assert "ann@example.com" not in page
    assert "<h1" in page
    assert "FR" in page


def test_cohorts_of_now_and_of_before_are_listed(
    analyst_client: Client, ann: Profile, workspace: Workspace
) -> None:
    now = timezone.now()
    for name, active in (("Left", False), ("In", True)):
        CohortMembership.objects.create(
            cohort=CohortFactory(workspace=workspace, name=name),
            profile=ann,
            active=active,
            entered_at=now - timedelta(days=3),
            left_at=None if active else now,
        )
    panel = analyst_client.get(PAGE).context["panels"]
    rows = next(p for p in panel if "cohorts" in p.template).context["memberships"]
    assert [(str(row.cohort), row.active) for row in rows] == [("In", True), ("Left", False)]


def test_segments_say_why_not(analyst_client: Client, ann: Profile, workspace: Workspace) -> None:
    SegmentFactory(workspace=workspace, name="French", tree=leaf("country", "any_of", "FR"))
    SegmentFactory(workspace=workspace, name="German", tree=leaf("country", "any_of", "DE"))
    SegmentFactory(workspace=workspace, name="Gone", tree=leaf("nonsense", "is", "DE"))
    SegmentFactory(workspace=workspace, name="Old", archived_at=timezone.now())
    panels = analyst_client.get(PAGE).context["panels"]
    rows = next(p for p in panels if "segments" in p.template).context["memberships"]
    assert [(str(row.segment), row.inside, row.reasons) for row in rows] == [
        ("French", True, []),
        ("German", False, ["“Country is any of DE” does not hold"]),
        ("Gone", None, []),
    ]


def test_more_filters_than_one_statement_asks_are_all_answered(
    analyst_client: Client, ann: Profile, workspace: Workspace
) -> None:
    for first in (0, 60):
        trees = [leaf("random_bucket", "between", n, 9999) for n in range(first, first + 60)]
        groups = [group for tree in trees for group in tree["groups"]]
        SegmentFactory(workspace=workspace, tree={"groups": groups})
    Profile.objects.filter(pk=ann.pk).update(random_bucket=59)
    panels = analyst_client.get(PAGE).context["panels"]
    rows = next(p for p in panels if "segments" in p.template).context["memberships"]
    assert [row.inside for row in rows] == [True, False]


@pytest.mark.parametrize("count", [1, 3])
def test_more_of_everything_asks_no_more(
    analyst_client: Client,
    ann: Profile,
    workspace: Workspace,
    count: int,
    django_assert_num_queries: Any,
) -> None:
    for _ in range(count):
        SegmentFactory(workspace=workspace, tree=leaf("country", "any_of", "FR"))
        AliasFactory(profile=ann)
        CohortMembership.objects.create(
            cohort=CohortFactory(workspace=workspace),
            profile=ann,
            active=True,
            entered_at=timezone.now(),
        )
    analyst_client.get(PAGE)
    with django_assert_num_queries(20):
        analyst_client.get(PAGE)


@pytest.mark.parametrize("path", ["", "edit/", "merge/", "delete/"])
def test_somebody_of_another_workspace_is_not_found(
    admin_client: Client, path: str, workspace: Workspace
) -> None:
    ProfileFactory(braze_id=BRAZE_ID)
    assert admin_client.get(f"{PAGE}{path}").status_code == 404


USUAL = {
    "first_name": "Ann",
    "email": "ann@example.com",
    "country": "FR",
    "email_subscribe": "subscribed",
    "push_subscribe": "subscribed",
    "custom:plan": "pro",
    "custom:vip": "true",
    "custom:seen": "2026-11-01T10:00:00Z",
    "custom:tags": "a; b",
}


def test_attributes_are_edited_and_recorded(marketer_client: Client, ann: Profile) -> None:
    changes = {
        "first_name": "Anna",
        "email_subscribe": "unsubscribed",
        "custom:plan": "",
        "custom:vip": "false",
        "custom:tags": "a; c",
        "new_name": "score",
        "new_type": "number",
        "new_value": "7.5",
    }
    marketer_client.post(f"{PAGE}edit/", USUAL | changes)
    ann.refresh_from_db()
    assert (ann.first_name, ann.email_subscribe) == ("Anna", "unsubscribed")
    assert ann.email_subscribe_at is not None
    assert ann.custom == {
        "vip": False,
        "seen": "2026-11-01T10:00:00Z",
        "tags": ["a", "c"],
        "score": 7.5,
    }
    entry = AuditEntry.objects.get(action="Edited User")
    names = ["email_subscribe", "first_name", "plan", "score", "tags", "vip"]
    assert entry.detail == {"attributes": names}
    assert CustomAttribute.objects.get(name="score").type == "number"


def test_an_unchanged_form_changes_nothing(marketer_client: Client, ann: Profile) -> None:
    before = Profile.objects.values().get(pk=ann.pk)
    marketer_client.post(f"{PAGE}edit/", USUAL)
    assert Profile.objects.values().get(pk=ann.pk) == before
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nobody"},
        {"phone": "call me"},
        {"country": "1x"},
        {"time_zone": "Mars/Base"},
        {"custom:seen": "soon"},
        {"new_name": "plan"},
        {"new_name": "email"},
        {"new_name": "n", "new_type": "number", "new_value": "seven"},
        {"new_name": "o", "new_type": "object", "new_value": "{"},
    ],
)
def test_wrong_values_are_refused_where_they_stand(
    marketer_client: Client, ann: Profile, wrong: dict[str, str]
) -> None:
    before = Profile.objects.values().get(pk=ann.pk)
    page = marketer_client.post(f"{PAGE}edit/", USUAL | wrong)
    assert page.status_code == 200
    assert len(page.context["form"].errors) == 1
    assert Profile.objects.values().get(pk=ann.pk) == before


def test_a_marketer_moves_somebody_between_groups(
    marketer_client: Client, ann: Profile, workspace: Workspace
) -> None:
    joined, left, other = (
        SubscriptionGroupFactory(workspace=workspace, name=name) for name in ("A", "B", "C")
    )
    set_group_state(left, named(workspace, external_ids=["ann"]), subscribed=True)
    body = {f"group:{joined.pk}": "subscribed", f"group:{left.pk}": "unsubscribed"}
    marketer_client.post(f"{PAGE}edit/", USUAL | body | {f"group:{other.pk}": ""})
    states = ann.group_subscriptions.order_by("group__name").values_list("group", "subscribed")
    assert list(states) == [(joined.pk, True), (left.pk, False)]
    assert AuditEntry.objects.get().detail == {"attributes": ["A", "B"]}


def test_two_profiles_are_compared_and_then_merged(
    marketer_client: Client, ann: Profile, workspace: Workspace
) -> None:
    other = ProfileFactory(workspace=workspace, external_id=None, last_name="Adam")
    AliasFactory(profile=other, label="crm", name="c-9")
    body = {"other": "crm:c-9"}
    page = marketer_client.post(f"{PAGE}merge/", body)
    assert page.context["sides"] == (ann, other)
    assert Profile.objects.count() == 2
    marketer_client.post(f"{PAGE}merge/", body | {"confirm": other.braze_id})
    kept = Profile.objects.get()
    assert (kept.pk, kept.first_name, kept.last_name) == (ann.pk, "Ann", "Adam")
    assert Alias.objects.get().profile_id == ann.pk
    assert AuditEntry.objects.get().action == "Merged Users"


def test_a_comparison_strikes_out_what_a_merge_loses(
    marketer_client: Client, ann: Profile, workspace: Workspace
) -> None:
    known = {"first_name": "Anna", "last_name": "Adam", "custom": {"plan": "free", "seats": 3}}
    ProfileFactory(workspace=workspace, external_id="other", **known)
    page = marketer_client.post(f"{PAGE}merge/", {"other": "other"})
    struck = re.findall(r"<del>(.*?)</del>", squeezed(page.text))
    assert struck == ["other", "Anna", "free"]


def test_only_the_profile_that_was_compared_is_merged(
    marketer_client: Client, ann: Profile, workspace: Workspace
) -> None:
    seen, typed = (ProfileFactory(workspace=workspace, external_id=name) for name in "st")
    body = {"other": "t", "confirm": seen.braze_id}
    page = marketer_client.post(f"{PAGE}merge/", body)
    assert page.context["other"] == typed
    assert Profile.objects.count() == 3


@pytest.mark.parametrize("other", ["ann", "nobody", "many@example.com"])
def test_nobody_is_merged_by_guess(
    marketer_client: Client, ann: Profile, workspace: Workspace, other: str
) -> None:
    for name in ("one", "two"):
        ProfileFactory(workspace=workspace, external_id=name, email="many@example.com")
    page = marketer_client.post(f"{PAGE}merge/", {"other": other, "confirm": "1"})
    assert list(page.context["form"].errors) == ["other"]
    assert Profile.objects.count() == 3


def test_an_admin_deletes_a_person_for_good(
    admin_client: Client, marketer_client: Client, ann: Profile
) -> None:
    assert marketer_client.post(f"{PAGE}delete/").status_code == 403
    assert "cannot be undone" in admin_client.get(f"{PAGE}delete/").text
    admin_client.post(f"{PAGE}delete/")
    assert not Profile.objects.exists()
    assert AuditEntry.objects.get().action == "Deleted User"


def test_times_in_custom_attributes_are_shown_as_such(analyst_client: Client, ann: Profile) -> None:
    custom = dict(analyst_client.get(PAGE).context["custom"])
    assert custom["seen"] == datetime(2026, 11, 1, 10, tzinfo=UTC)
