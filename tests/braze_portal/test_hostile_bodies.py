"""Bodies made to cost more than they are: what each may cost, and what is said of it.

Each is measured against what the same call costs at half the size, not in seconds: a machine may
be slow. Memory is what Python holds at its peak.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from cohorts.models import Cohort, Partner
from profiles.attributes import OBJECT_BYTES
from profiles.models import CustomAttribute, Event, Profile
from profiles.track.call import MOST_PIECES
from profiles.track.items import MOST_AT_ONCE
from segments.builder.builder import Builder
from tests.worlds.growth import grows_in_proportion, peak_bytes
from tests.worlds.partner_calls import PartnerCaller, add
from tests.worlds.track_calls import Tracker, purchase, tracker_of
from workspaces.models import Workspace

MB = 2**20


@pytest.fixture
def api(workspace: Workspace) -> Tracker:
    return tracker_of(workspace)


def pets(n: int) -> list[dict[str, int]]:
    return [{"id": i} for i in range(n)]


def matching(n: int) -> list[dict[str, Any]]:
    return [{"$identifier_key": "id", "$identifier_value": -i} for i in range(1, n)]


def removing(n: int) -> dict[str, Any]:
    words = {"$add": pets(n), "$remove": matching(n)}
    return {"attributes": [{"external_id": "ann", "pets": words}]}


def updating(n: int) -> dict[str, Any]:
    updates = [
        {"$identifier_key": "id", "$identifier_value": i, "$new_object": {"id": i + 1}}
        for i in range(n)
    ]
    return {"attributes": [{"external_id": "ann", "pets": {"$add": pets(n), "$update": updates}}]}


def merging(n: int) -> dict[str, Any]:
    body = updating(n)
    body["attributes"][0]["_merge_objects"] = True
    return body


def buying(n: int) -> dict[str, Any]:
    properties = {"text": ["x" * 250] * (n // 250)}
    return {"purchases": [purchase(quantity=100, properties=properties)] * 75}


def importing_tokens(n: int) -> dict[str, Any]:
    tokens = [{"app_id": "web", "token": f"token-{i}"} for i in range(100)]
    about = {"about": {"text": [f"{i:0>250}" for i in range(n // 250)]}}
    item = {"push_token_import": True, "push_tokens": tokens} | about
    return {"attributes": [item] * 20}


def nesting(n: int) -> dict[str, Any]:
    value: Any = ["x" * 200] * (n // 200)
    for _ in range(45):
        value = [value]
    return {"attributes": [{"external_id": "ann", "deep": value}] * 20}


#: Each body by its size, the size, and how many MB it may take on top.
TABLE = {
    "removing objects": (removing, 1500, 40),
    "updating objects in a chain": (updating, 1500, 40),
    "merging into objects in a chain": (merging, 1500, 40),
    "many pieces with large properties": (buying, OBJECT_BYTES - 10_000, 80),
    "many tokens with large attributes": (importing_tokens, 40_000, 80),
    "deep arrays": (nesting, 90_000, 80),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_body_costs_in_proportion_to_itself(api: Tracker, name: str) -> None:
    make, size, most_mb = TABLE[name]

    def call(body: dict[str, Any]) -> None:
        assert api.post("/users/track", body).status_code in (201, 400)

    call(make(10))
    assert grows_in_proportion(call, make, size // 2)
    body = make(size)
    assert peak_bytes(lambda: call(body)) < most_mb * MB + 4 * len(json.dumps(body))


def test_pieces_with_large_properties_are_refused(api: Tracker) -> None:
    properties = {str(n): "x" * 100 for n in range(50)}
    reason = api.refused("purchases", **purchase(quantity=100, properties=properties))
    assert reason == (
        "100 times what it says is more than 200000 bytes: say less, or send fewer at once"
    )
    api.track(purchases=[purchase(quantity=100, properties={"text": "x" * 255})])
    assert Event.objects.count() == 100


def test_a_call_has_so_many_pieces_at_most(api: Tracker) -> None:
    items = [purchase(quantity=100)] * (MOST_PIECES // 100 + 1)
    response = api.post("/users/track/bulk", {"purchases": items})
    assert response.json()["errors"] == [
        {
            "type": "a call may have at most 10000 pieces in all",
            "input_array": "purchases",
            "index": MOST_PIECES // 100,
        }
    ]
    assert Event.objects.count() == MOST_PIECES


def test_one_object_imports_so_many_push_tokens_at_most(api: Tracker) -> None:
    def item(n: int) -> dict[str, Any]:
        tokens = [{"app_id": "web", "token": f"token-{i}"} for i in range(n)]
        return {"push_token_import": True, "push_tokens": tokens}

    assert api.refused(**item(MOST_AT_ONCE + 1)) == "'push_tokens' may have at most 100 to import"
    about = {f"a{n}": "x" * 250 for n in range(10)}
    assert "100 times what it says" in api.refused(**item(MOST_AT_ONCE), **about)
    api.track(attributes=[item(MOST_AT_ONCE)])
    assert Profile.objects.count() == MOST_AT_ONCE


def test_long_names_of_cohorts_are_cut(heap: PartnerCaller) -> None:
    heap.name(name="x" * 1000)
    heap.users(add("ann"), cohort_id="y" * 900)
    assert sorted(Cohort.objects.values_list("name", flat=True)) == ["x" * 254 + "…", "y" * 255]


def test_the_page_of_a_partner_stays_small_whatever_it_sent(
    analyst_client: Client, workspace: Workspace
) -> None:
    heap = Partner.objects.get(slug="heap")
    Cohort.objects.bulk_create(
        Cohort(workspace=workspace, partner=heap, cohort_id=f"{n}", name=f"{n:0>255}")
        for n in range(3000)
    )
    assert len(analyst_client.get("/w/acme/partners/heap/").content) < 100_000


def many_groups(n: int) -> dict[str, Any]:
    paths = [f"g{i}" for i in range(n)]
    return {"tree-join": "all", "tree-node": paths} | {f"tree-{path}-join": "any" for path in paths}


def many_filters(n: int) -> dict[str, Any]:
    paths = [f"g0-f{i}" for i in range(n)]
    posted = {"tree-join": "all", "tree-node": ["g0", *paths]}
    return posted | {f"tree-{path}-filter": "nonsense" for path in paths}


@pytest.mark.parametrize("make", [many_groups, many_filters])
def test_a_builder_reads_no_more_than_a_tree_may_have(
    workspace: Workspace, make: Callable[[int], dict[str, Any]]
) -> None:
    def form(n: int) -> QueryDict:
        data = QueryDict(mutable=True)
        for key, value in make(n).items():
            data.setlist(key, value if isinstance(value, list) else [value])
        return data

    assert grows_in_proportion(lambda data: Builder(workspace, {}, data=data), form, 6000)
    builder = Builder(workspace, {}, data=form(14_000))
    assert builder.problem.startswith("There are at most 100 ")
    assert "these are 14,000" in builder.problem or "these are 14000" in builder.problem


def test_the_page_of_a_builder_stays_small_whatever_attributes_there_are(
    marketer_client: Client, workspace: Workspace
) -> None:
    CustomAttribute.objects.bulk_create(
        CustomAttribute(workspace=workspace, name=f"{n:0>255}", type="string")
        for n in range(20_000)
    )
    page = marketer_client.get("/w/acme/segments/new/")
    assert len(page.content) < 150_000
    name = f"{19_999:0>255}"
    posted = {"tree-join": "all", "tree-node": ["g0"], "tree-g0-join": "all"}
    posted |= {"action": "tree:add:g0", "tree-g0-add": "", "tree-g0-named": name}
    builder = marketer_client.post("/w/acme/segments/new/", posted).context["builder"]
    assert [leaf.key for leaf in builder.groups[0].filters] == [f"custom_string:{name}"]


@pytest.mark.parametrize("name", ["nobody's", "a\0b"])
def test_a_name_that_no_attribute_has_is_said_to_be_unknown(
    marketer_client: Client, workspace: Workspace, name: str
) -> None:
    CustomAttribute.objects.bulk_create(
        CustomAttribute(workspace=workspace, name=f"a{n}", type="number") for n in range(60)
    )
    posted = {"tree-join": "all", "tree-node": ["g0"], "tree-g0-join": "all"}
    posted |= {"action": "tree:add:g0", "tree-g0-named": name}
    text = marketer_client.post("/w/acme/segments/new/", posted).content.decode()
    assert "No custom attribute has this name." in text
