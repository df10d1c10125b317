"""Segments in the browser, by plain posts and by htmx."""

from typing import Any

import pytest
from django.test import Client

from segments.audiences.estimates import Size
from segments.models import Segment
from tests.worlds.factories import CohortFactory, ProfileFactory, SegmentFactory
from tests.worlds.markup import squeezed
from tests.worlds.targeting_world import declare
from workspaces.models import AuditEntry, Workspace

NEW = "/w/acme/segments/new/"
HTMX = {"HX-Request": "true"}


def builder(*groups: Any, exclusions: Any = (), join: str = "all") -> dict[str, Any]:
    """Fill the builder as a browser does: each group a list of (filter, operator, value…)."""
    posted: dict[str, Any] = {"tree-join": join, "tree-node": []}
    for letter, drafts in (("g", groups), ("x", exclusions)):
        for i, filters in enumerate(drafts):
            posted["tree-node"].append(f"{letter}{i}")
            posted[f"tree-{letter}{i}-join"] = "all"
            for j, (key, operator, *value) in enumerate(filters):
                path = f"{letter}{i}-f{j}"
                posted["tree-node"].append(path)
                posted[f"tree-{path}-filter"] = key
                posted[f"tree-{path}-operator"] = operator
                posted[f"tree-{path}-value"] = value
    return posted


FRENCH = ("country", "any_of", "FR")


@pytest.fixture
def people(workspace: Workspace) -> None:
    for country in ("FR", "FR", "DE"):
        ProfileFactory(workspace=workspace, country=country, email="a@example.com")


def test_a_segment_is_created(marketer_client: Client, workspace: Workspace) -> None:
    posted = {"name": "French", "tags": "eu, eu, paris"} | builder([FRENCH])
    answer = marketer_client.post(NEW, posted)
    segment = Segment.objects.get()
    assert answer["Location"] == f"/w/acme/segments/{segment.pk}/"
    assert segment.tags == ["eu", "paris"]
    assert segment.tree == {
        "join": "all",
        "groups": [
            {
                "join": "all",
                "filters": [{"filter": "country", "operator": "any_of", "value": ["FR"]}],
            }
        ],
        "exclusions": [],
    }
    assert AuditEntry.objects.get().action == "Added Segment"


def test_sizes_are_shown_while_one_edits(marketer_client: Client, people: None) -> None:
    answer = marketer_client.post(NEW, builder([FRENCH]), headers=HTMX)
    assert answer.context["size"] == Size(2)
    assert [(str(way.label), size) for way, size in answer.context["reaches"]] == [
        ("Email", Size(2)),
        ("Webhook", Size(2)),
    ]
    assert 'id="tree-g0-f0-size" hx-swap-oob="true">2 users</span>' in squeezed(answer.text)
    assert not Segment.objects.exists()


def test_an_exclusion_always_subtracts(marketer_client: Client, people: None) -> None:
    answer = marketer_client.post(NEW, builder(exclusions=[[FRENCH]]), headers=HTMX)
    assert answer.context["size"] == Size(1)


def test_groups_are_joined_by_any(marketer_client: Client, people: None) -> None:
    posted = builder([FRENCH], [("country", "any_of", "DE")], join="any")
    answer = marketer_client.post(NEW, posted, headers=HTMX)
    assert answer.context["size"] == Size(3)
    assert answer.context["builder"].sentence == (
        "Everyone for whom Country is any of FR or Country is any of DE"
    )


def test_what_is_incomplete_does_not_count(marketer_client: Client, people: None) -> None:
    posted = builder([FRENCH, ("city", "any_of")])
    answer = marketer_client.post(NEW, posted, headers=HTMX)
    assert answer.context["size"] == Size(2)
    assert "1 filter is not complete" in answer.text


def test_what_is_incomplete_is_not_saved(marketer_client: Client, workspace: Workspace) -> None:
    answer = marketer_client.post(NEW, {"name": "French"} | builder([("city", "any_of")]))
    assert "Some filters are not complete" in answer.text
    assert "This field is required." in answer.text
    assert 'value="French"' in answer.text
    assert not Segment.objects.exists()


@pytest.mark.parametrize(
    ("action", "left"),
    [
        ("remove:g0-f0", [["city"], ["gender"]]),
        ("duplicate:g0-f1", [["country", "city", "city"], ["gender"]]),
        ("down:g0-f0", [["city", "country"], ["gender"]]),
        ("up:g0-f1", [["city", "country"], ["gender"]]),
        ("up:g0-f0", [["country", "city"], ["gender"]]),
        ("down:g0-f1", [["country", "city"], ["gender"]]),
        ("up:g1", [["gender"], ["country", "city"]]),
        ("remove:g0", [["gender"]]),
        ("duplicate:g1", [["country", "city"], ["gender"], ["gender"]]),
        ("add-group", [["country", "city"], ["gender"], []]),
        ("add:g1", [["country", "city"], ["gender", "email"]]),
        ("remove:g7", [["country", "city"], ["gender"]]),
        ("up:nonsense", [["country", "city"], ["gender"]]),
    ],
)
def test_buttons_change_the_form(
    marketer_client: Client, workspace: Workspace, action: str, left: list[list[str]]
) -> None:
    posted = builder([FRENCH, ("city", "any_of", "Paris")], [("gender", "any_of", "F")])
    posted |= {"action": f"tree:{action}", "tree-g1-add": "email", "name": "typed"}
    answer = marketer_client.post(NEW, posted)
    groups = answer.context["builder"].groups
    assert [[leaf.key for leaf in group.filters] for group in groups] == left
    assert 'value="typed"' in answer.text
    assert not Segment.objects.exists()


def test_htmx_gets_the_editor_alone(marketer_client: Client, workspace: Workspace) -> None:
    posted = builder([FRENCH]) | {"action": "tree:add-exclusion"}
    answer = marketer_client.post(NEW, posted, headers=HTMX)
    assert squeezed(answer.text).startswith('<div id="editor"')
    assert len(answer.context["builder"].exclusions) == 1


def test_an_edit_keeps_what_was_stored(marketer_client: Client, workspace: Workspace) -> None:
    cohort = CohortFactory(workspace=workspace, name="Trial drop-offs")
    declare(workspace, seen="time", visits="number", company="object")
    filters = [
        ("cohort:heap", "includes_any", str(cohort.pk)),
        ("city", "contains", "a\nb"),
        ("random_bucket", "between", "0", "4999"),
        ("custom_time:seen", "before", "2026-01-31"),
        ("custom_number:visits", "more", "2.5"),
        ("custom_object:company", "path_more", "staff.count", "12"),
        ("email_available", "false"),
    ]
    marketer_client.post(NEW, {"name": "All kinds"} | builder(filters))
    segment = Segment.objects.get()
    page = marketer_client.get(f"{segment.get_absolute_url()}edit/")
    draft = page.context["builder"]
    assert [leaf.filter for leaf in draft.groups[0].filters] == list(draft.tree.filters())
    assert draft.tree.dump() == segment.tree
    assert draft.sentence == (
        "Everyone for whom Heap Cohorts includes Trial drop-offs and City contains any of a or b "
        "and Random bucket # is between 0 and 4999 and seen before 2026-01-31 and visits more "
        "than 2.5 and company.staff.count nested value is more than 12 and Email available is false"
    )


@pytest.mark.parametrize(
    ("filter_", "message"),
    [
        (("city", "matches", "("), "This is not a regular expression."),
        (("city", "any_of", "\n".join(map(str, range(257)))), "At most 256 values"),
        (("city", "equals", "x" * 256), "at most 255 characters"),
        (("city", "equals", "a\0b"), "Null characters are not allowed."),
        (("random_bucket", "between", "0", "10000"), "less than or equal to 9999"),
        (("random_bucket", "between", "9", "3"), "The first bucket comes after the last."),
        (("age", "more", "many"), "Enter a number."),
        (("custom_object:company", "path_equals", "a..b", "x"), "keys with dots between them."),
        (("custom_object:company", "path_more", "a", "x"), "Enter a number."),
        (("created_at", "before", "31/31/2026"), "Enter a valid date."),
        (("gender", "any_of", "X"), "Select a valid choice."),
        (("cohort:heap", "includes_any", "999999"), "Select a valid choice."),
    ],
)
def test_a_wrong_value_is_said_beside_it(
    marketer_client: Client, workspace: Workspace, filter_: Any, message: str
) -> None:
    declare(workspace, company="object")
    CohortFactory(workspace=workspace)
    answer = marketer_client.post(NEW, {"name": "Wrong"} | builder([filter_]))
    assert message in answer.text
    assert not Segment.objects.exists()


def test_a_filter_that_does_not_exist_is_refused(
    marketer_client: Client, workspace: Workspace
) -> None:
    answer = marketer_client.post(NEW, {"name": "Wrong"} | builder([FRENCH, ("nonsense", "is")]))
    assert "Filter 2 (nonsense):" in answer.text
    assert not Segment.objects.exists()


def test_a_cohort_of_another_workspace_cannot_be_chosen(
    marketer_client: Client, workspace: Workspace
) -> None:
    foreign = CohortFactory()
    CohortFactory(workspace=workspace)
    posted = builder([("cohort:heap", "includes_any", str(foreign.pk))])
    answer = marketer_client.post(NEW, {"name": "Theirs"} | posted)
    assert "Select a valid choice." in answer.text


def test_a_cycle_is_refused_with_its_path(marketer_client: Client, workspace: Workspace) -> None:
    inner = SegmentFactory(workspace=workspace, name="Inner")
    marketer_client.post(
        NEW, {"name": "Outer"} | builder([("segment", "includes_any", str(inner.pk))])
    )
    outer = Segment.objects.get(name="Outer")
    assert list(outer.nested.all()) == [inner]
    answer = marketer_client.post(
        f"{inner.get_absolute_url()}edit/",
        {"name": "Inner"} | builder([("segment", "includes_any", str(outer.pk))]),
    )
    assert "A segment cannot contain itself: Inner → Outer → Inner." in answer.text


def test_a_name_is_taken_once(marketer_client: Client, workspace: Workspace) -> None:
    SegmentFactory(workspace=workspace, name="French")
    answer = marketer_client.post(NEW, {"name": "French"} | builder())
    assert "Another segment has this name." in answer.text


def test_a_copy_is_made(marketer_client: Client, workspace: Workspace) -> None:
    segment = SegmentFactory(workspace=workspace, name="French", tree={"groups": []})
    for _ in range(2):
        marketer_client.post(f"{segment.get_absolute_url()}duplicate/")
    names = list(Segment.objects.values_list("name", flat=True))
    assert names == ["Copy of French", "Copy of French (2)", "French"]


def test_archiving_names_what_uses_it(marketer_client: Client, workspace: Workspace) -> None:
    inner = SegmentFactory(workspace=workspace, name="Inner")
    outer = SegmentFactory(workspace=workspace, name="Outer")
    outer.nested.add(inner)
    page = marketer_client.get(f"{inner.get_absolute_url()}archive/")
    assert [use.name for use in page.context["uses"]] == ["Outer"]
    marketer_client.post(f"{inner.get_absolute_url()}archive/")
    assert list(Segment.objects.archived()) == [inner]
    marketer_client.post(f"{inner.get_absolute_url()}archive/")
    assert not Segment.objects.archived().exists()


def test_an_unarchived_segment_gets_a_free_name(
    marketer_client: Client, workspace: Workspace
) -> None:
    segment = SegmentFactory(workspace=workspace, name="French")
    marketer_client.post(f"{segment.get_absolute_url()}archive/")
    SegmentFactory(workspace=workspace, name="French")
    marketer_client.post(f"{segment.get_absolute_url()}archive/")
    segment.refresh_from_db()
    assert (segment.name, segment.archived_at) == ("Copy of French", None)


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_for_any_length(
    analyst_client: Client,
    workspace: Workspace,
    people: None,
    count: int,
    django_assert_num_queries: Any,
) -> None:
    for _ in range(count):
        SegmentFactory(workspace=workspace)
    analyst_client.get("/w/acme/segments/")
    with django_assert_num_queries(19):
        page = analyst_client.get("/w/acme/segments/")
    assert [segment.size for segment in page.context["page"]] == [Size(3)] * count


@pytest.mark.parametrize("sort", ["name", "-size"])
@pytest.mark.parametrize(
    "broken",
    [
        {"filter": "city", "operator": "matches", "value": ["("]},
        {"filter": "gone", "operator": "is", "value": []},
        {
            "filter": "segment",
            "operator": "includes_any",
            "value": ["00000000-0000-4000-8000-000000000000"],
        },
    ],
)
def test_a_segment_that_cannot_be_answered_does_not_take_the_list_with_it(
    analyst_client: Client, workspace: Workspace, people: None, broken: Any, sort: str
) -> None:
    SegmentFactory(workspace=workspace, name="A")
    SegmentFactory(workspace=workspace, name="B", tree={"groups": [{"filters": [broken]}]})
    page = analyst_client.get("/w/acme/segments/", {"sort": sort})
    assert [(s.name, s.size) for s in page.context["page"]] == [("A", Size(3)), ("B", None)]


def test_the_list_is_searched_and_sorted(
    analyst_client: Client, workspace: Workspace, people: None
) -> None:
    tree = {"groups": [{"filters": [{"filter": "country", "operator": "blank", "value": []}]}]}
    SegmentFactory(workspace=workspace, name="Trial users")
    SegmentFactory(workspace=workspace, name="Nobody in trial", tree=tree)
    SegmentFactory(workspace=workspace, name="Other")
    page = analyst_client.get("/w/acme/segments/", {"q": "trial", "sort": "size"})
    assert [(s.name, s.size) for s in page.context["page"]] == [
        ("Nobody in trial", Size(0)),
        ("Trial users", Size(3)),
    ]
    page = analyst_client.get("/w/acme/segments/", {"q": '"trial users"'})
    assert [s.name for s in page.context["page"]] == ["Trial users"]


def test_analysts_read_and_do_not_edit(analyst_client: Client, workspace: Workspace) -> None:
    url = SegmentFactory(workspace=workspace).get_absolute_url()
    assert analyst_client.get(url).status_code == 200
    assert analyst_client.get(f"{url}edit/").status_code == 403
    assert analyst_client.post(f"{url}archive/").status_code == 403
    assert analyst_client.post(f"{url}duplicate/").status_code == 403
    assert analyst_client.post(NEW, builder()).status_code == 403


@pytest.mark.parametrize("part", ["", "edit/", "archive/"])
def test_a_stranger_gets_404(stranger_client: Client, workspace: Workspace, part: str) -> None:
    segment = SegmentFactory(workspace=workspace)
    assert stranger_client.get(f"{segment.get_absolute_url()}{part}").status_code == 404


def test_a_segment_of_another_workspace_is_not_found(
    marketer_client: Client, workspace: Workspace
) -> None:
    foreign = SegmentFactory()
    assert marketer_client.get(f"/w/acme/segments/{foreign.pk}/").status_code == 404


def test_an_analyst_reads_no_personal_value_of_a_filter(
    analyst_client: Client, marketer_client: Client, workspace: Workspace
) -> None:
    leaf = {"filter": "email", "operator": "equals", "value": ["ceo@example.com"]}
    tree = {"groups": [{"filters": [leaf]}]}
    segment = SegmentFactory(workspace=workspace, tree=tree)
    segment.versions.create(name="As it was", tree=tree)
    segment.versions.create(name="Now", tree={})
    ProfileFactory(workspace=workspace, external_id="ann", email="ceo@example.com")
    page = segment.get_absolute_url()
    for address in (page, f"{page}?user=ann", f"{page}history/"):
        assert "ceo@example.com" in marketer_client.get(address).text
        assert "ceo@example.com" not in analyst_client.get(address).text
