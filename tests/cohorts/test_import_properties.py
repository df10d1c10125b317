"""Whatever partners send, in whatever order, leaves what a few lines of Python say it leaves."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cohorts.models import CohortMembership
from profiles.models import Alias, Device, Profile
from tests.worlds.factories import ProfileFactory, WorkspaceFactory
from tests.worlds.partner_calls import connect, receipt

#: Whom each identifier means, by number; people below 3 are identified.
KNOWN = {
    ("user_ids", "u0"): 0,
    ("user_ids", "u1"): 1,
    ("user_ids", "u2"): 2,
    ("aliases", "a0"): 0,
    ("aliases", "a3"): 3,
    ("device_ids", "d0"): 0,
    ("device_ids", "d3"): 3,
    ("device_ids", "d4"): 4,
}
IDENTIFIED = 3

changes = st.fixed_dictionaries(
    {
        "user_ids": st.lists(st.sampled_from(["u0", "u1", "u2", "nobody"]), max_size=4),
        "aliases": st.lists(st.sampled_from(["a0", "a3", "nobody"]), max_size=3),
        "device_ids": st.lists(st.sampled_from(["d0", "d3", "d4", "nobody"]), max_size=3),
    },
    optional={"should_remove": st.booleans()},
)
calls = st.tuples(st.sampled_from(["c1", "c2"]), st.lists(changes, max_size=4), st.integers(0, 9))


class Model:
    """Who is in which cohort, kept the slow way."""

    def __init__(self) -> None:
        self.members: dict[str, set[int]] = {"c1": set(), "c2": set()}

    def apply(self, cohort: str, changes: list[dict[str, Any]]) -> dict[str, int]:
        before = set(self.members[cohort])
        counts = dict.fromkeys(("asked", "unmatched", "ignored"), 0)
        for change in changes:
            move = set.discard if change.get("should_remove") else set.add
            for kind in ("user_ids", "aliases", "device_ids"):
                for identifier in change[kind]:
                    person = KNOWN.get((kind, identifier))
                    counts["asked"] += 1
                    if person is None:
                        counts["unmatched"] += 1
                    elif kind == "device_ids" and person < IDENTIFIED:
                        counts["ignored"] += 1
                    else:
                        move(self.members[cohort], person)
        counts["added"] = len(self.members[cohort] - before)
        counts["removed"] = len(before - self.members[cohort])
        counts["unchanged"] = 2 * counts["asked"] - sum(counts.values())
        return {name: count for name, count in counts.items() if count}


class World:
    """A workspace of its own with five people, and Heap connected."""

    def __init__(self) -> None:
        self.heap = connect(WorkspaceFactory())
        workspace = self.heap.workspace
        self.people = [
            ProfileFactory(workspace=workspace, external_id=f"u{n}" if n < IDENTIFIED else None)
            for n in range(5)
        ]
        for (kind, identifier), person in KNOWN.items():
            names = {"profile": self.people[person], "workspace": workspace}
            if kind == "aliases":
                Alias.objects.create(label="l", name=identifier, **names)
            elif kind == "device_ids":
                Device.objects.create(device_id=identifier, **names)

    def send(self, cohort: str, changes: list[dict[str, Any]], *, spoilt: bool) -> int:
        body: list[Any] = [
            change | {"aliases": [{"alias_label": "l", "alias_name": a} for a in change["aliases"]]}
            for change in changes
        ]
        if spoilt:
            body.append({"user_ids": [None]})
        return self.heap.users(cohort_id=cohort, cohort_changes=body).status_code

    def members(self, cohort: str) -> set[int]:
        numbers = {person.pk: number for number, person in enumerate(self.people)}
        rows = CohortMembership.objects.filter(
            cohort__workspace=self.heap.workspace, cohort__cohort_id=cohort, active=True
        )
        return {numbers[pk] for pk in rows.values_list("profile_id", flat=True)}


@pytest.mark.django_db
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(calls, max_size=6))
def test_any_calls_leave_what_the_model_predicts(
    sequence: list[tuple[str, list[dict[str, Any]], int]],
) -> None:
    world, model = World(), Model()
    people = Profile.objects.count()
    for cohort, objects, luck in sequence:
        spoilt = luck == 0
        assert world.send(cohort, objects, spoilt=spoilt) == (400 if spoilt else 201)
        if not spoilt:
            assert receipt() == model.apply(cohort, objects)
        assert {name: world.members(name) for name in model.members} == model.members
    assert Profile.objects.count() == people
