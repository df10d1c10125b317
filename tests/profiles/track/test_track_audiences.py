"""Sizes are exact after every call: bitmaps catch up with what was said and done."""

from typing import Any

import pytest

from segments.audiences.people import people_of
from segments.trees.tree import load_tree
from tests.worlds.targeting_world import leaf, tree_of
from tests.worlds.track_calls import Tracker, event, purchase, tracker_of
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

SEGMENTS = {
    "french": leaf("country", "any_of", "FR"),
    "pro": leaf("custom_string:plan", "equals", "pro"),
    "signed up": leaf("custom_event:Signed up", "more", 1),
    "spent": leaf("money_spent", "more", 20),
}


@pytest.fixture
def api(workspace: Workspace) -> Tracker:
    return tracker_of(workspace)


def inside(workspace: Workspace) -> dict[str, int]:
    with people_of(workspace) as people:
        trees = {name: load_tree(tree_of(item)) for name, item in SEGMENTS.items()}
        return {name: len(tree.audience(people)) for name, tree in trees.items()}


def test_sizes_are_exact_after_every_call(api: Tracker) -> None:
    def after(**arrays: Any) -> list[int]:
        api.track(**arrays)
        return list(inside(api.workspace).values())

    ann, bob = {"external_id": "ann"}, {"external_id": "bob"}
    assert after(attributes=[ann | {"country": "FR", "plan": "pro"}, bob]) == [1, 1, 0, 0]
    assert after(attributes=[bob | {"country": "fr"}]) == [2, 1, 0, 0]
    assert after(attributes=[ann | {"plan": None}, bob | {"plan": "pro"}]) == [2, 1, 0, 0]
    assert after(events=[event(), event()]) == [2, 1, 1, 0]
    assert after(events=[event(**bob)], purchases=[purchase(quantity=3)]) == [2, 1, 1, 1]
    assert after(events=[event(**bob)], attributes=[ann | {"country": None}]) == [1, 1, 2, 1]
    new = {"email": "eve@example.com", "country": "FR", "plan": "pro"}
    assert after(attributes=[new, new]) == [2, 2, 2, 1]
