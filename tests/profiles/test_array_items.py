"""Objects of an array, removed and updated by a key: as when each is compared with each."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.attributes import InvalidAttribute, clean_custom, spelled
from profiles.track.array_items import MOST_MERGES, merged
from profiles.track.edits import Alter, clean_edit
from tests.worlds.growth import grows_in_proportion

KEYS = st.sampled_from("abc")
VALUES = st.one_of(
    st.sampled_from([0, 1, 1.0, True, "1", "x"]),
    st.lists(st.integers(0, 1), max_size=2),
    st.dictionaries(KEYS, st.integers(0, 1), max_size=1),
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=3)
MATCHES = st.fixed_dictionaries(
    {"$identifier_key": st.one_of(KEYS, st.just(1)), "$identifier_value": VALUES}
)
CHANGES = st.fixed_dictionaries(
    {
        "$identifier_key": st.one_of(KEYS, st.just(1)),
        "$identifier_value": VALUES,
        "$new_object": OBJECTS,
    }
)


def fits(item: Any, match: dict[str, Any]) -> bool:
    key, value = match["$identifier_key"], match["$identifier_value"]
    if not isinstance(item, dict) or not isinstance(key, str) or key not in item:
        return False
    return spelled(item[key]) == spelled(value)


def naive(edit: Alter, current: list[Any]) -> Any:
    """What the edit means, word for word."""
    items = clean_custom(edit.name, [*current, *edit.add])
    gone = {spelled(item) for item in edit.remove}
    items = [item for item in items if spelled(item) not in gone]
    items = [item for item in items if not any(fits(item, m) for m in edit.remove_matching)]
    for change in edit.update:
        new = change["$new_object"]
        items = [
            (merged(item, new) if edit.merge else new) if fits(item, change) else item
            for item in items
        ]
    return clean_custom(edit.name, items)


@settings(deadline=None, max_examples=500)
@given(
    current=st.lists(st.one_of(OBJECTS, VALUES), max_size=6),
    add=st.lists(OBJECTS, max_size=3),
    remove=st.lists(MATCHES, max_size=3),
    update=st.lists(CHANGES, max_size=6),
    merge=st.booleans(),
)
def test_objects_change_as_when_each_is_compared_with_each(
    current: list[Any], add: list[Any], remove: list[Any], update: list[Any], merge: bool
) -> None:
    value = {"$add": add, "$remove": remove, "$update": update}
    edit = clean_edit("pets", value, merge=merge)
    assert isinstance(edit, Alter)
    kept = clean_custom("pets", current)
    assert edit.of(kept) == naive(edit, kept)


def removal(n: int) -> Alter:
    return alter({"$add": pets(n), "$remove": [match(-i) for i in range(1, n)]})


def moves(n: int) -> Alter:
    """Each update finds what the one before it made of all the others."""
    return alter(
        {"$add": pets(n), "$update": [match(i) | {"$new_object": {"id": i + 1}} for i in range(n)]}
    )


def pets(n: int) -> list[dict[str, int]]:
    return [{"id": i} for i in range(n)]


def match(value: int) -> dict[str, Any]:
    return {"$identifier_key": "id", "$identifier_value": value}


def alter(value: dict[str, Any], *, merge: bool = False) -> Alter:
    edit = clean_edit("pets", value, merge=merge)
    assert isinstance(edit, Alter)
    return edit


@pytest.mark.parametrize("make", [removal, moves])
def test_the_work_grows_with_the_objects_not_with_their_square(make: Any) -> None:
    assert grows_in_proportion(lambda edit: edit.of(None), make, 1500)


def test_updates_that_merge_the_same_objects_again_and_again_are_refused() -> None:
    objects = [{"id": 0, "name": n} for n in range(200)]
    updates = [match(i) | {"$new_object": {"id": i + 1}} for i in range(MOST_MERGES // 200)]
    edit = alter({"$add": objects, "$update": updates}, merge=True)
    assert edit.of(None)[0] == {"id": MOST_MERGES // 200, "name": 0}
    once_more = [*updates, match(len(updates)) | {"$new_object": {"id": -1}}]
    with pytest.raises(InvalidAttribute) as refused:
        alter({"$add": objects, "$update": once_more}, merge=True).of(None)
    assert str(refused.value) == (
        "'pets' has updates that change its objects more than 10000 times"
    )
