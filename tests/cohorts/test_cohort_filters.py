"""What one may ask of a partner's cohorts: who is in, who entered and left, and since when."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pyroaring import BitMap

from cohorts.models import Cohort, CohortMembership
from cohorts.segment_filters import CohortFilter
from profiles.models import Profile
from segments.audiences.people import people_of
from segments.filters.base import Query
from segments.filters.catalogue import Catalogue
from segments.trees.tree import Tree, load_tree
from tests.worlds.asking import asked_beside_its_like
from tests.worlds.factories import CohortFactory, ProfileFactory, SegmentFactory
from tests.worlds.partner_calls import PartnerCaller, add
from workspaces.models import Workspace

DAY = timedelta(days=1)


@pytest.fixture
def cohort(workspace: Workspace) -> Cohort:
    return CohortFactory(workspace=workspace, name="Trial drop-offs")


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let so many days go by since the test began."""
    start = timezone.now()
    return lambda days: monkeypatch.setattr(timezone, "now", lambda: start + days * DAY)


@pytest.fixture
def profile(workspace: Workspace) -> Profile:
    return ProfileFactory(workspace=workspace)


def stay(
    cohort: Cohort, profile: Profile, entered: float, left: float | None = None
) -> CohortMembership:
    """Put ``profile`` into ``cohort`` so many days ago, and out again."""
    now = timezone.now()
    return CohortMembership.objects.create(
        cohort=cohort,
        profile=profile,
        active=left is None,
        entered_at=now - entered * DAY,
        left_at=None if left is None else now - left * DAY,
    )


def asked(operator: str, *value: Any) -> CohortFilter:
    return CohortFilter("heap", operator, value)


def found(workspace: Workspace, item: CohortFilter) -> set[int]:
    """Return whom ``item`` finds, by its bitmap, person by person and by plain SQL alike."""
    with people_of(workspace) as people:
        inside = set(item.audience(people))
        assert set(item.audience(people.among(BitMap(people.everyone())))) == inside
        assert set(asked_beside_its_like(people, item)) == inside
        assert set(by_sql(workspace, item, people.now)) == inside
    return inside


def by_sql(workspace: Workspace, item: CohortFilter, now: datetime) -> list[int]:
    everyone = Query("select id from profiles_profile where workspace_id = %s", (workspace.pk,))
    condition = item.condition(workspace, now)
    with connection.cursor() as cursor:
        cursor.execute(f"{everyone.sql} and ({condition.sql})", everyone.params + condition.params)
        return [pk for (pk,) in cursor.fetchall()]


def test_all_of_some_cohorts(workspace: Workspace) -> None:
    first, second = (CohortFactory(workspace=workspace) for _ in range(2))
    both, one, left = (ProfileFactory(workspace=workspace) for _ in range(3))
    for person in (both, one, left):
        stay(first, person, 1)
    stay(second, both, 1)
    stay(second, left, 1, 0.5)
    keys = (str(first.pk), str(second.pk))
    assert found(workspace, asked("includes_all", *keys)) == {both.pk}
    assert found(workspace, asked("includes_any", *keys)) == {both.pk, one.pk, left.pk}
    assert found(workspace, asked("includes_all", *keys, keys[0])) == {both.pk}
    second.delete()
    assert found(workspace, asked("includes_all", *keys)) == set()


@pytest.mark.parametrize(
    ("operator", "days", "entered", "left", "inside"),
    [
        ("entered", 7, 6.9, None, True),
        ("entered", 7, 7.1, None, False),
        ("entered", 7, 6, 1, True),
        ("entered", 0.5, 0.4, None, True),
        ("left", 7, 30, 6.9, True),
        ("left", 7, 30, 7.1, False),
        ("left", 7, 6, None, False),
        ("in_more", 7, 7.1, None, True),
        ("in_more", 7, 6.9, None, False),
        ("in_more", 7, 30, 1, False),
        ("in_less", 7, 6.9, None, True),
        ("in_less", 7, 7.1, None, False),
        ("in_less", 7, 6, 1, False),
    ],
)
def test_days_since_an_entry_or_an_exit(
    workspace: Workspace,
    cohort: Cohort,
    profile: Profile,
    operator: str,
    days: float,
    entered: float,
    left: float | None,
    inside: bool,
) -> None:
    stay(cohort, profile, entered, left)
    found_now = found(workspace, asked(operator, str(cohort.pk), days))
    assert found_now == ({profile.pk} if inside else set())


@pytest.mark.parametrize(
    ("operator", "left", "before", "after"),
    [
        ("entered", None, True, False),
        ("left", 5, True, False),
        ("in_more", None, False, True),
        ("in_less", None, True, False),
    ],
)
def test_answers_move_with_time_though_nobody_writes(
    workspace: Workspace,
    cohort: Cohort,
    profile: Profile,
    wait: Callable[[float], None],
    operator: str,
    left: float | None,
    before: bool,
    after: bool,
) -> None:
    stay(cohort, profile, 5, left)
    item = asked(operator, str(cohort.pk), 7)
    answers = {}
    for days in (0, 1.9, 2.1, 40):
        wait(days)
        answers[days] = bool(found(workspace, item))
    assert answers == {0: before, 1.9: before, 2.1: after, 40: after}


def test_an_entry_within_the_horizon_flips_in_its_turn(
    workspace: Workspace, cohort: Cohort, profile: Profile, wait: Callable[[float], None]
) -> None:
    item = asked("in_less", str(cohort.pk), 0.25)
    assert found(workspace, item) == set()
    wait(0.1)
    stay(cohort, profile, 0)
    assert found(workspace, item) == {profile.pk}
    wait(0.4)
    assert found(workspace, item) == set()


def test_an_entry_of_this_very_minute_counts(heap: PartnerCaller, workspace: Workspace) -> None:
    profile = ProfileFactory(workspace=workspace, external_id="user-1")
    heap.users(add("user-1"))
    item = asked("entered", str(Cohort.objects.get().pk), 1)
    assert found(workspace, item) == {profile.pk}


def test_a_cohort_that_was_cleared_is_empty_at_once(
    workspace: Workspace, cohort: Cohort, profile: Profile
) -> None:
    stay(cohort, profile, 3)
    item = asked("includes_any", str(cohort.pk))
    assert found(workspace, item) == {profile.pk}
    cohort.clear(timezone.now())
    assert found(workspace, item) == set()
    assert found(workspace, asked("left", str(cohort.pk), 1)) == {profile.pk}


@pytest.mark.parametrize("operator", ["includes_any", "in_more"])
def test_a_cohort_that_was_deleted_is_empty_at_once(
    workspace: Workspace, cohort: Cohort, profile: Profile, operator: str
) -> None:
    stay(cohort, profile, 3)
    item = asked(operator, str(cohort.pk), *([1] if operator == "in_more" else []))
    assert found(workspace, item) == {profile.pk}
    cohort.delete()
    assert found(workspace, item) == set()
    assert item.sentence(Catalogue(workspace)).find("a cohort that was deleted") > 0


def test_a_segment_says_that_its_cohort_is_gone_and_counts_it_as_empty(
    marketer_client: Client, workspace: Workspace, cohort: Cohort, profile: Profile
) -> None:
    tree = {"groups": [{"filters": [asked("includes_any", str(cohort.pk)).dump()]}]}
    segment = SegmentFactory(workspace=workspace, tree=tree)
    stay(cohort, profile, 3)
    page = marketer_client.get(segment.get_absolute_url())
    assert "counts as empty" not in page.text
    cohort.clear(timezone.now())
    page = marketer_client.get(segment.get_absolute_url())
    assert "The cohort “Trial drop-offs” is empty." in page.text
    cohort.delete()
    page = marketer_client.get(segment.get_absolute_url())
    assert "Heap Cohorts includes a cohort that was deleted" in page.text
    assert "A cohort that this filter names was deleted. It counts as empty." in page.text
    assert '<p class="figure-number m-0" id="segment-size">0</p>' in page.text


def test_a_segment_says_that_one_inside_it_is_archived(
    marketer_client: Client, workspace: Workspace
) -> None:
    inner = SegmentFactory(workspace=workspace, name="Inner", archived_at=timezone.now())
    leaf = {"filter": "segment", "operator": "includes_any", "value": [str(inner.pk)]}
    outer = SegmentFactory(workspace=workspace, tree={"groups": [{"filters": [leaf]}]})
    page = marketer_client.get(outer.get_absolute_url())
    assert "The segment “Inner” is archived." in page.text


@pytest.mark.parametrize(
    ("operator", "value", "sentence"),
    [
        ("includes_any", (), "Heap Cohorts includes Trial drop-offs"),
        ("includes_none", (), "Heap Cohorts does not include Trial drop-offs"),
        ("includes_all", (), "Heap Cohorts includes Trial drop-offs"),
        ("entered", (7,), "Heap Cohorts: entered Trial drop-offs in the last 7 days"),
        ("left", (0.5,), "Heap Cohorts: left Trial drop-offs in the last 0.5 days"),
        ("in_more", (30,), "Heap Cohorts: in Trial drop-offs for more than 30 days"),
        ("in_less", (2,), "Heap Cohorts: in Trial drop-offs for less than 2 days"),
    ],
)
def test_a_sentence_for_every_operator(
    workspace: Workspace, cohort: Cohort, operator: str, value: Any, sentence: str
) -> None:
    item = asked(operator, str(cohort.pk), *value)
    assert item.sentence(Catalogue(workspace)) == sentence


def test_several_cohorts_in_words(workspace: Workspace) -> None:
    keys = [str(CohortFactory(workspace=workspace, name=name).pk) for name in "ABC"]
    catalogue = Catalogue(workspace)
    assert asked("includes_all", *keys).sentence(catalogue) == "Heap Cohorts includes A and B and C"
    assert asked("includes_any", *keys).sentence(catalogue) == (
        "Heap Cohorts includes any of A, B or C"
    )


def test_what_is_seen_of_a_person(workspace: Workspace, cohort: Cohort, profile: Profile) -> None:
    item = asked("in_more", str(cohort.pk), 1)
    now = timezone.now()
    assert item.seen(workspace, profile, now) == ""
    stay(cohort, profile, 3)
    assert item.seen(workspace, profile, now).startswith("Trial drop-offs since ")
    cohort.clear(now)
    assert item.seen(workspace, profile, now).startswith("left Trial drop-offs on ")


def test_a_cohort_and_days_are_entered_in_the_builder(
    marketer_client: Client, workspace: Workspace, cohort: Cohort
) -> None:
    posted = {
        "name": "Newcomers",
        "tree-join": "all",
        "tree-node": ["g0", "g0-f0"],
        "tree-g0-f0-filter": "cohort:heap",
        "tree-g0-f0-operator": "entered",
        "tree-g0-f0-value": [str(cohort.pk), "1.5"],
    }
    saved = marketer_client.post("/w/acme/segments/new/", posted)
    page = marketer_client.get(f"{saved.url}edit/")
    tree: Tree = page.context["builder"].tree
    assert list(tree.filters()) == [asked("entered", str(cohort.pk), 1.5)]
    assert load_tree(tree.dump()) == tree
    assert f'<option value="{cohort.pk}" selected>' in page.text


@pytest.mark.parametrize("value", [["", "1"], ["999", "1"], ["COHORT", ""], ["COHORT", "-1"], []])
def test_a_cohort_and_days_must_both_be_right(
    marketer_client: Client, workspace: Workspace, cohort: Cohort, value: list[str]
) -> None:
    posted = {
        "name": "Newcomers",
        "tree-join": "all",
        "tree-node": ["g0", "g0-f0"],
        "tree-g0-f0-filter": "cohort:heap",
        "tree-g0-f0-operator": "entered",
        "tree-g0-f0-value": [str(cohort.pk) if part == "COHORT" else part for part in value],
    }
    answer = marketer_client.post("/w/acme/segments/new/", posted)
    assert answer.context["builder"].incomplete == 1
