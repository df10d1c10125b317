"""Whatever is written, and however much of it, no bitmap misses it."""

import pytest

from segments import audiences
from segments.audiences import people_of
from segments.tree import load_tree
from tests.factories import AliasFactory, ProfileFactory
from tests.test_segment_audiences import leaf
from workspaces.models import Workspace

HAS_ALIAS = {"groups": [{"filters": [leaf("alias", "any")]}]}


def members(workspace: Workspace, tree: dict) -> list[int]:
    with people_of(workspace) as people:
        return list(load_tree(tree).audience(people))


def test_many_rows_of_one_person_hide_nobody(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audiences, "MOST_CAUGHT_UP", 2)
    one, other = (ProfileFactory(workspace=workspace) for _ in range(2))
    assert members(workspace, HAS_ALIAS) == []
    for _ in range(3):
        AliasFactory(profile=one)
    AliasFactory(profile=other)
    assert members(workspace, HAS_ALIAS) == [one.pk, other.pk]
