"""Trees that are read strictly: from storage, from a form, as JSON."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from hypothesis import HealthCheck, given, settings

from profiles.models import EventKind
from segments.builder.builder import Builder
from segments.builder.checking import checked_tree
from segments.builder.json_view import written
from segments.filters.base import InvalidTree
from segments.filters.catalogue import Catalogue
from segments.filters.fields import pick
from segments.models import Segment, UserList
from segments.trees.shapes import parse
from segments.trees.tree import load_tree
from tests.segments.audiences.test_segment_audiences import TREES, named
from tests.worlds.factories import CohortFactory, SegmentFactory, WorkspaceFactory
from tests.worlds.targeting_world import builder_fields, declare, leaf, tree_of
from workspaces.models import Workspace

NEW = "/w/acme/segments/new/"
CITY = leaf("city", "equals", "Paris")
#: What the filters of ``TREES`` ask about.
ATTRIBUTES = {
    "plan": "string",
    "visits": "number",
    "vip": "boolean",
    "tags": "array",
    "seen": "time",
    "address": "object",
}


def refusal(data: Any) -> str:
    with pytest.raises(InvalidTree) as refused:
        load_tree(data)
    return str(refused.value)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ([], "An object with the keys “join”, “groups”, “exclusions” is expected here."),
        (None, "An object with the keys “join”, “groups”, “exclusions” is expected here."),
        ({"and": []}, "“and” is not one of the keys “join”, “groups”, “exclusions”."),
        ({"groups": {}}, "“groups” is a list."),
        ({"join": "xor"}, "Filters are joined by “all” or “any”, not by “xor”."),
        ({"join": 1}, "Filters are joined by “all” or “any”, not by “int”."),
        ({"groups": [[]]}, "An object with the keys “join”, “filters” is expected here."),
        ({"groups": [{}]}, "The key “filters” is missing."),
        ({"groups": [{"filters": 7}]}, "“filters” is a list."),
        (tree_of(*[CITY] * 101), "There are at most 100 filters; these are 101."),
        ({"groups": [{"filters": []}] * 101}, "There are at most 100 groups; these are 101."),
    ],
)
def test_a_tree_of_another_shape_is_refused(data: Any, sentence: str) -> None:
    assert refusal(data) == sentence


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ([], "(?): An object with the keys “filter”, “operator”, “value” is expected here."),
        (CITY | {"not": True}, "(city): “not” is not one of the keys"),
        ({"filter": "city", "value": []}, "(city): The key “operator” is missing."),
        (CITY | {"filter": 7}, "(?): “filter” is a text."),
        (CITY | {"value": "Paris"}, "(city): “value” is a list."),
        (leaf("nonsense", "is"), "(nonsense): there is no such filter."),
        (leaf("city", "is"), "(city): it has no operator “is”."),
        (leaf("city", "any_of", *"x" * 257), "(city): it has more than 256 values."),
        (leaf("city", "any_of", "é" * 5_000), "(city): it takes 10050 bytes, more than the 10000"),
        (leaf("city", "equals", ["Paris"]), "(city): its values are texts and numbers"),
        (leaf("city", "equals", {}), "(city): its values are texts and numbers"),
        (leaf("city", "equals", "a\0b"), "(city): a text has a character that cannot be stored."),
        (leaf("city", "equals", "\ud800"), "(city): a text has a character that cannot be stored."),
        (leaf("city\0", "equals", "a"), "(city?): a text has a character that cannot be stored."),
        (leaf("age", "more", float("nan")), "(age): a number is too large."),
        (leaf("age", "more", float("inf")), "(age): a number is too large."),
        (leaf("age", "more", 10**5_000), "(age): a number is too large."),
    ],
)
def test_a_wrong_filter_is_named(wrong: Any, sentence: str) -> None:
    data = {"groups": [{"filters": [CITY]}], "exclusions": [{"filters": [wrong]}]}
    assert refusal(data).startswith(f"Filter 2 {sentence}")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "This is not JSON: Expecting value, in line 1 at character 1."),
        ("{", "This is not JSON: Expecting property name enclosed in double quotes, in line 1"),
        ("[" * 100_000, "This is not valid JSON."),
        ("[" + "9" * 5_000 + "]", "This is not valid JSON."),
        ("[NaN]", "NaN is not a number in JSON."),
        ("[-Infinity]", "-Infinity is not a number in JSON."),
        ('{"join": "all", "join": "any"}', "A key appears twice in one object."),
        (" " * 2_000_001, "This text is too long for a tree of filters."),
    ],
)
def test_text_that_is_no_json_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(InvalidTree) as refused:
        parse(text)
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (leaf("age", "more", "many"), "Filter 1 (Age): Enter a number."),
        (leaf("age", "more", "30"), "Filter 1 (Age): write its value as [30]."),
        (leaf("age", "more", True), "Filter 1 (Age): Enter a number."),
        (leaf("age", "more"), "Filter 1 (Age): This field is required."),
        (leaf("age", "blank", 3), "Filter 1 (Age): write its value as []."),
        (leaf("city", "any_of", "a", "a"), 'Filter 1 (City): write its value as ["a"].'),
        (leaf("city", "any_of", "a\nb"), 'Filter 1 (City): write its value as ["a", "b"].'),
        (leaf("city", "equals", 7), 'Filter 1 (City): write its value as ["7"].'),
        (leaf("city", "matches", "("), "Filter 1 (City): This is not a regular expression."),
        (leaf("gender", "any_of", "X"), "Filter 1 (Gender): Select a valid choice. X is not one"),
        (leaf("created_at", "before", "01/31/2026"), "Filter 1 (Created at): write its value as"),
        (leaf("custom_object:a", "path_equals", "a..b", "x"), "Filter 1 (a): Write the path as"),
    ],
)
def test_a_value_that_its_operator_does_not_take_is_refused(
    workspace: Workspace, wrong: Any, sentence: str
) -> None:
    declare(workspace, a="object")
    with pytest.raises(InvalidTree) as refused:
        checked_tree(Catalogue(workspace), tree_of(wrong))
    assert str(refused.value).startswith(sentence)


def test_a_number_may_be_written_in_more_than_one_way(workspace: Workspace) -> None:
    (item,) = checked_tree(Catalogue(workspace), tree_of(leaf("age", "more", 30.0))).filters()
    assert json.dumps(item.value) == "[30]"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tree=TREES)
def test_any_tree_comes_back_from_the_json_view_as_it_was(db: None, tree: Any) -> None:
    workspace = WorkspaceFactory()
    names = {
        "COHORT": str(CohortFactory(workspace=workspace).pk),
        "OTHER_COHORT": str(CohortFactory(workspace=workspace).pk),
        "SEGMENT": str(SegmentFactory(workspace=workspace).pk),
        "LIST": str(UserList.objects.create(workspace=workspace, name="CSV").pk),
    }
    declare(workspace, **ATTRIBUTES)
    for kind, name in ((EventKind.CUSTOM, "a"), (EventKind.PURCHASE, "b")):
        workspace.event_names.create(kind=kind, name=name)
    stored = load_tree(named(tree, names))
    text = written(stored)
    builder = Builder(workspace, checked_tree(Catalogue(workspace), parse(text)).dump())
    assert builder.tree == stored
    assert builder.json == text


def test_the_json_view_makes_the_form(marketer_client: Client, workspace: Workspace) -> None:
    posted = {"tree-join": "all", "tree-json": json.dumps(tree_of(CITY)), "action": "tree:json"}
    builder = marketer_client.post(NEW, posted).context["builder"]
    assert [(leaf.key, leaf.value) for leaf in builder.groups[0].filters] == [("city", ["Paris"])]
    assert not builder.json_touched


def test_wrong_json_stays_to_be_mended(marketer_client: Client, workspace: Workspace) -> None:
    text = json.dumps(tree_of(leaf("city", "is", "Paris")))
    posted = {"name": "A", "tree-join": "all", "tree-json": text, "action": "tree:json"}
    answer = marketer_client.post(NEW, posted)
    assert answer.context["builder"].json == text
    assert "Filter 1 (City): it has no operator “is”." in answer.text


def test_json_that_was_not_applied_is_not_lost(
    marketer_client: Client, workspace: Workspace
) -> None:
    page = marketer_client.get(NEW).context["builder"]
    posted = {"name": "A", "tree-join": "all", "tree-json-mark": page.json_mark}
    answer = marketer_client.post(NEW, posted | {"tree-json": "{}"})
    assert "You changed this text." in answer.text
    assert not Segment.objects.exists()
    marketer_client.post(NEW, posted | {"tree-json": page.json.replace("\n", "\r\n")})
    assert Segment.objects.get().name == "A"


def test_a_form_of_too_many_filters_is_refused(
    marketer_client: Client, workspace: Workspace
) -> None:
    posted: dict[str, Any] = {"name": "Many", "tree-join": "all", "tree-node": ["g0"]}
    for number in range(101):
        posted["tree-node"].append(f"g0-f{number}")
        posted[f"tree-g0-f{number}-filter"] = "city"
        posted[f"tree-g0-f{number}-operator"] = "blank"
    answer = marketer_client.post(NEW, posted)
    assert "There are at most 100 filters; these are 101." in answer.text
    assert not Segment.objects.exists()


def test_a_filter_of_too_many_bytes_is_refused(
    marketer_client: Client, workspace: Workspace
) -> None:
    posted = {
        "name": "Long",
        "tree-join": "all",
        "tree-node": ["g0", "g0-f0"],
        "tree-g0-f0-filter": "city",
        "tree-g0-f0-operator": "matches",
        "tree-g0-f0-value": "x" * 20_000,
    }
    answer = marketer_client.post(NEW, posted)
    assert "It takes 20051 bytes, more than the 10000 that one filter may take." in answer.text
    assert not Segment.objects.exists()


def test_a_form_of_many_values_is_read(marketer_client: Client, workspace: Workspace) -> None:
    posted: dict[str, Any] = {"tree-join": "all", "tree-node": ["g0"]}
    for number in range(8):
        posted["tree-node"].append(f"g0-f{number}")
        posted[f"tree-g0-f{number}-filter"] = "time_zone"
        posted[f"tree-g0-f{number}-value"] = ["Europe/Paris"] * 256
    answer = marketer_client.post(NEW, posted)
    assert len(answer.context["builder"].groups[0].filters) == 8


@pytest.mark.parametrize("broken", [leaf("gone", "is"), leaf("cohort:nobody", "includes_any", "1")])
def test_a_stored_tree_that_cannot_be_read_is_said_on_its_pages(
    marketer_client: Client, workspace: Workspace, broken: Any
) -> None:
    segment = SegmentFactory(workspace=workspace, tree=tree_of(CITY, broken))
    page = marketer_client.get(f"{segment.get_absolute_url()}edit/")
    assert f"Filter 2 ({broken['filter']}):" in page.text
    assert "there is nothing to measure" in page.text
    assert marketer_client.get(segment.get_absolute_url()).status_code == 200


def test_a_button_without_a_form_does_no_harm(
    marketer_client: Client, workspace: Workspace
) -> None:
    for action in ("add:g0", "json", "up:g9", "nonsense"):
        assert marketer_client.post(NEW, {"action": f"tree:{action}"}).status_code == 200


def test_labels_are_those_of_the_menu(workspace: Workspace) -> None:
    declare(workspace, plan="string")
    with pytest.raises(InvalidTree, match="Filter 1 \\(plan\\): it has no operator"):
        checked_tree(Catalogue(workspace), tree_of(leaf("custom_string:plan", "is", "pro")))


def test_nothing_is_duplicated_past_the_limit(
    marketer_client: Client, workspace: Workspace
) -> None:
    posted: dict[str, Any] = {
        "tree-join": "all",
        "tree-node": ["g0"],
        "action": "tree:duplicate:g0",
    }
    for number in range(51):
        posted["tree-node"].append(f"g0-f{number}")
        posted[f"tree-g0-f{number}-filter"] = "city"
        posted[f"tree-g0-f{number}-operator"] = "blank"
    builder = marketer_client.post(NEW, posted).context["builder"]
    assert [len(group.filters) for group in builder.groups] == [51]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"tree-g0-f0-operator": "nonsense"}, "(City): it has no operator “nonsense”."),
        ({"tree-join": "xor"}, "Filters are joined by “all” or “any”, not by “xor”."),
        ({"tree-g0-join": "xor"}, "Filters are joined by “all” or “any”, not by “xor”."),
        ({"tree-node": [f"g{n}" for n in range(101)]}, "at most 100 groups; these are 101."),
        ({"tree-node": ["g0", "g7-f0"]}, "A filter is in no group."),
    ],
)
def test_a_form_is_read_as_strictly_as_json(
    marketer_client: Client, workspace: Workspace, wrong: dict[str, Any], sentence: str
) -> None:
    posted = {"name": "A"} | builder_fields(("city", "equals", "Paris")) | wrong
    assert sentence in marketer_client.post(NEW, posted).text
    assert not Segment.objects.exists()


def test_json_that_is_applied_takes_the_place_of_what_was_wrong(
    marketer_client: Client, workspace: Workspace
) -> None:
    posted = builder_fields(("city", "nonsense", "Paris"))
    posted |= {"tree-json": json.dumps(tree_of(CITY)), "action": "tree:json"}
    builder = marketer_client.post(NEW, posted).context["builder"]
    assert (builder.problem, builder.tree) == ("", load_tree(tree_of(CITY)))


UNKNOWN = [
    leaf("country:Europe", "any_of", "FR"),
    leaf("custom_string:typo", "none_of", "x"),
    leaf("custom_number:plan", "more", 3),
    leaf("custom_event", "done"),
    leaf("cohort:heap", "includes_any", "1"),
]


@pytest.mark.parametrize("wrong", UNKNOWN, ids=lambda wrong: wrong["filter"])
def test_what_the_menu_does_not_offer_is_refused(
    marketer_client: Client, workspace: Workspace, wrong: Any
) -> None:
    declare(workspace, plan="string")
    sentence = "it asks about something that this workspace does not have."
    with pytest.raises(InvalidTree, match=sentence):
        checked_tree(Catalogue(workspace), tree_of(wrong))
    posted = builder_fields((wrong["filter"], wrong["operator"], *map(str, wrong["value"])))
    assert sentence in marketer_client.post(NEW, {"name": "A"} | posted).text
    assert not Segment.objects.exists()


def test_what_is_stored_already_may_stay(marketer_client: Client, workspace: Workspace) -> None:
    gone = leaf("custom_string:gone", "equals", "x")
    segment = SegmentFactory(workspace=workspace, tree=tree_of(gone))
    posted = {"name": "B"} | builder_fields(("custom_string:gone", "equals", "x"))
    marketer_client.post(f"{segment.get_absolute_url()}edit/", posted)
    segment.refresh_from_db()
    assert (segment.name, segment.tree) == ("B", tree_of(gone))


def test_an_edit_keeps_what_names_a_deleted_cohort(
    marketer_client: Client, workspace: Workspace
) -> None:
    kept, gone = (CohortFactory(workspace=workspace) for _ in range(2))
    both = (str(kept.pk), str(gone.pk))
    segment = SegmentFactory(
        workspace=workspace, tree=tree_of(leaf("cohort:heap", "includes_all", *both))
    )
    gone.delete()
    url = f"{segment.get_absolute_url()}edit/"
    option = f'<option value="{both[1]}" selected>a cohort that was deleted</option>'
    assert option in marketer_client.get(url).text
    marketer_client.post(
        url, {"name": "B"} | builder_fields(("cohort:heap", "includes_all", *both))
    )
    segment.refresh_from_db()
    assert segment.tree == tree_of(leaf("cohort:heap", "includes_all", *both))


@pytest.mark.parametrize("key", ["user_list", "segment"])
def test_what_was_deleted_is_shown_where_it_is_named(
    marketer_client: Client, workspace: Workspace, key: str
) -> None:
    named_ = leaf(key, "includes_none", "00000000-0000-4000-8000-000000000000")
    segment = SegmentFactory(workspace=workspace, tree=tree_of(named_))
    page = marketer_client.get(f"{segment.get_absolute_url()}edit/")
    assert page.text.count("that was deleted</option>") == 1
    assert page.context["builder"].tree.dump() == segment.tree


def test_json_that_names_a_deleted_list_is_refused(workspace: Workspace) -> None:
    gone = leaf("user_list", "includes_any", "00000000-0000-4000-8000-000000000000")
    with pytest.raises(InvalidTree) as refused:
        checked_tree(Catalogue(workspace), tree_of(CITY, gone))
    said = (
        "Filter 2 (User list): it refers to something that does not exist: a list that was deleted."
    )
    assert str(refused.value) == said


def test_the_largest_tree_can_be_posted(marketer_client: Client, workspace: Workspace) -> None:
    regex = "é" * 4_900
    segment = SegmentFactory(
        workspace=workspace, tree=tree_of(*[leaf("city", "matches", regex)] * 100)
    )
    posted: dict[str, Any] = {"name": "B"}
    posted |= builder_fields(*[("city", "matches", regex)] * 100)
    builder = Builder(workspace, segment.tree)
    posted |= {"tree-json": builder.json, "tree-json-mark": builder.json_mark}
    answer = marketer_client.post(
        f"{segment.get_absolute_url()}edit/",
        urlencode(posted, doseq=True),
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 302


def test_more_values_than_a_filter_may_have_are_not_looked_up(workspace: Workspace) -> None:
    field = pick([("a", "A")])
    with pytest.raises(ValidationError, match="At most 256 values"):
        field.clean(["b"] * 257)
