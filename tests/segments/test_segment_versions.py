"""Versions of segments: what each save changed, and going back."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from segments.editing import save_segment
from segments.models import Segment, SegmentVersion
from segments.trees.tree import Tree
from tests.segments.test_segment_pages import FRENCH, NEW, builder
from tests.worlds.factories import SegmentFactory, UserListFactory
from workspaces.models import AuditEntry, Member, Workspace

GERMAN = ("country", "any_of", "DE")
FEMALE = ("gender", "any_of", "F")


@pytest.fixture
def segment(marketer_client: Client, workspace: Workspace) -> Segment:
    marketer_client.post(NEW, {"name": "French"} | builder([FRENCH]))
    return Segment.objects.get()


def save(client: Client, segment: Segment, *groups: Any, **posted: Any) -> None:
    exclusions, join = posted.pop("exclusions", ()), posted.pop("join", "all")
    fields = {"name": segment.name} | posted | builder(*groups, exclusions=exclusions, join=join)
    client.post(f"{segment.get_absolute_url()}edit/", fields)


def history(client: Client, segment: Segment) -> Any:
    return client.get(f"{segment.get_absolute_url()}history/").context["changes"]


def test_every_save_is_a_version(
    marketer_client: Client, marketer: Member, segment: Segment
) -> None:
    save(marketer_client, segment, [GERMAN])
    marketer_client.post(f"{segment.get_absolute_url()}duplicate/")
    copy = Segment.objects.exclude(pk=segment.pk).get()
    assert (segment.versions.count(), copy.versions.count()) == (2, 1)
    newest = segment.versions.first()
    segment.refresh_from_db()
    assert (newest.tree, newest.saved_by) == (segment.tree, marketer.user)


def test_the_newest_version_comes_first(marketer_client: Client, segment: Segment) -> None:
    save(marketer_client, segment, [FRENCH], name="France")
    newest, first = history(marketer_client, segment)
    assert first.is_first
    assert [(each.what, each.before, each.after) for each in newest.details] == [
        ("Name", "French", "France")
    ]


def test_description_and_tags_are_compared(marketer_client: Client, segment: Segment) -> None:
    save(marketer_client, segment, [FRENCH], description="All of them", tags="eu, paris")
    assert [(each.what, each.after) for each in history(marketer_client, segment)[0].details] == [
        ("Description", "All of them"),
        ("Tags", "eu, paris"),
    ]


def test_filters_that_came_and_went_are_said_in_words(
    marketer_client: Client, segment: Segment
) -> None:
    save(marketer_client, segment, [GERMAN], [FEMALE], exclusions=[[FRENCH]])
    changed = history(marketer_client, segment)[0]
    assert changed.added == [
        "Country is any of DE",
        "Gender is any of Female",
        "excluded: Country is any of FR",
    ]
    assert changed.removed == ["Country is any of FR"]


def test_joins_are_compared(marketer_client: Client, segment: Segment) -> None:
    save(marketer_client, segment, [FRENCH, FEMALE], [FEMALE])
    posted = builder([FRENCH, FEMALE], [FEMALE], join="any") | {"tree-g0-join": "any"}
    marketer_client.post(f"{segment.get_absolute_url()}edit/", {"name": "French"} | posted)
    assert [
        (each.what, each.before, each.after)
        for each in history(marketer_client, segment)[0].details
    ] == [
        ("Groups that must match", "all", "any"),
        ("Filters of group 1 that must match", "all", "any"),
    ]


def test_an_order_that_changed_is_said(marketer_client: Client, segment: Segment) -> None:
    save(marketer_client, segment, [FRENCH, FEMALE])
    save(marketer_client, segment, [FEMALE, FRENCH])
    save(marketer_client, segment, [FEMALE, FRENCH])
    same, moved, *_earlier = history(marketer_client, segment)
    assert (same.anything, moved.rearranged, moved.added) == (False, True, [])


def test_a_filter_that_no_longer_exists_is_named(
    analyst_client: Client, workspace: Workspace
) -> None:
    gone = {"filter": "cohort:nobody", "operator": "includes_any", "value": ["1"]}
    segment = SegmentFactory(workspace=workspace)
    segment.versions.create(name="A")
    segment.versions.create(name="A", tree={"groups": [{"filters": [gone]}]})
    assert history(analyst_client, segment)[0].added == ["cohort:nobody"]


def test_a_version_is_restored_as_a_new_one(marketer_client: Client, segment: Segment) -> None:
    first = segment.versions.get()
    save(marketer_client, segment, [GERMAN], name="German")
    answer = marketer_client.post(
        f"{segment.get_absolute_url()}history/{first.pk}/restore/", follow=True
    )
    segment.refresh_from_db()
    assert (segment.name, segment.tree) == ("French", first.tree)
    assert segment.versions.count() == 3
    assert "“French” is restored." in answer.text
    assert AuditEntry.objects.first().action == "Edited Segment"


def test_a_name_that_is_taken_by_now_is_not_restored(
    marketer_client: Client, segment: Segment
) -> None:
    first = segment.versions.get()
    save(marketer_client, segment, [GERMAN], name="German")
    SegmentFactory(workspace=segment.workspace, name="French")
    answer = marketer_client.post(
        f"{segment.get_absolute_url()}history/{first.pk}/restore/", follow=True
    )
    assert "Another segment has this name." in answer.text
    assert segment.versions.count() == 2


def test_a_version_that_closes_a_circle_is_not_restored(
    marketer_client: Client, segment: Segment
) -> None:
    inner = SegmentFactory(workspace=segment.workspace, name="Inner")
    save(marketer_client, segment, [("segment", "includes_any", str(inner.pk))])
    nesting = segment.versions.first()
    save(marketer_client, segment, [FRENCH])
    save(marketer_client, inner, [("segment", "includes_any", str(segment.pk))])
    answer = marketer_client.post(
        f"{segment.get_absolute_url()}history/{nesting.pk}/restore/", follow=True
    )
    assert "A segment cannot contain itself: French → Inner → French." in answer.text
    assert segment.versions.count() == 3


def test_a_version_that_names_what_is_gone_is_not_restored(
    marketer_client: Client, segment: Segment
) -> None:
    leaf = {"filter": "nonsense", "operator": "is", "value": []}
    gone = segment.versions.create(name="French", tree={"groups": [{"filters": [leaf]}]})
    answer = marketer_client.post(
        f"{segment.get_absolute_url()}history/{gone.pk}/restore/", follow=True
    )
    assert "This version cannot be restored" in answer.text


def test_a_version_of_another_segment_is_not_found(
    marketer_client: Client, segment: Segment
) -> None:
    other = SegmentVersion.objects.create(
        segment=SegmentFactory(workspace=segment.workspace), name="Other"
    )
    url = f"{segment.get_absolute_url()}history/{other.pk}/restore/"
    assert marketer_client.post(url).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_history_takes_the_same_queries(
    analyst_client: Client, workspace: Workspace, count: int, django_assert_num_queries: Any
) -> None:
    segment = SegmentFactory(workspace=workspace)
    for number in range(count):
        segment.versions.create(name=f"Name {number}")
    with django_assert_num_queries(6):
        assert len(history(analyst_client, segment)) == count


def test_old_versions_are_on_the_next_page(analyst_client: Client, workspace: Workspace) -> None:
    segment = SegmentFactory(workspace=workspace)
    for number in range(26):
        segment.versions.create(name=f"Name {number}")
    url = f"{segment.get_absolute_url()}history/"
    first, second = (analyst_client.get(url, {"page": n}).context["changes"] for n in (1, 2))
    assert [each.is_first for each in (*first, *second)] == [False] * 25 + [True]


def test_the_segment_page_shows_the_newest_three(
    analyst_client: Client, workspace: Workspace
) -> None:
    segment = SegmentFactory(workspace=workspace)
    for number in range(5):
        segment.versions.create(name=f"Name {number}")
    page = analyst_client.get(segment.get_absolute_url())
    assert [each.version.name for each in page.context["last_edits"]] == [
        "Name 4",
        "Name 3",
        "Name 2",
    ]


def test_a_version_that_excludes_a_deleted_list_is_not_restored(
    marketer_client: Client, segment: Segment
) -> None:
    people = UserListFactory(workspace=segment.workspace)
    save(marketer_client, segment, exclusions=[[("user_list", "includes_any", str(people.pk))]])
    excluding = segment.versions.first()
    save(marketer_client, segment, [FRENCH])
    people.delete()
    answer = marketer_client.post(
        f"{segment.get_absolute_url()}history/{excluding.pk}/restore/", follow=True
    )
    assert "it refers to something that does not exist: a list that was deleted." in answer.text
    assert segment.versions.count() == 3


def test_two_who_save_the_same_name_at_once_are_told(marketer: Member, segment: Segment) -> None:
    late = Segment(workspace=segment.workspace, name="French")
    with pytest.raises(ValidationError, match="Another segment has this name."):
        save_segment(late, Tree(), by=marketer.user)


def test_a_move_is_said_beside_other_changes(marketer_client: Client, segment: Segment) -> None:
    save(marketer_client, segment, [FRENCH, FEMALE])
    save(marketer_client, segment, [FEMALE], [FRENCH], name="Moved")
    save(marketer_client, segment, [FEMALE, GERMAN], [FRENCH], name="Moved")
    added, moved, *_earlier = history(marketer_client, segment)
    assert (moved.rearranged, len(moved.details)) == (True, 1)
    assert (added.rearranged, added.added) == (False, ["Country is any of DE"])
