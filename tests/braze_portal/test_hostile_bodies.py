"""Bodies made to cost more than they are: what each may cost, and what is said of it.

Each is measured against what the same call costs at half the size, not in seconds: a machine may
be slow. Memory is what Python holds at its peak.
"""

import json
from typing import Any

import pytest
from django.test import Client

from cohorts.models import Cohort, Partner
from profiles.attributes import OBJECT_BYTES
from profiles.models import Event, Profile
from profiles.track.call import MOST_PIECES
from profiles.track.items import MOST_AT_ONCE
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
