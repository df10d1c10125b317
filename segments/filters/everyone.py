"""The filters that the portal alone asks: everyone, and a part of everyone drawn at random."""

from dataclasses import dataclass
from typing import Any, ClassVar

from profiles.models import RANDOM_BUCKETS
from segments.filters.base import Filter, Operator, Query, unlisted
from segments.filters.fields import nothing
from workspaces.models import Workspace


@unlisted
@dataclass(frozen=True)
class Everyone(Filter):
    """The whole workspace: what negation subtracts from."""

    kind = "everyone"
    operators: ClassVar[dict[str, Operator]] = {"are": Operator("", nothing)}

    def query(self, workspace: Workspace, now: Any) -> Query:
        return Query("select id from profiles_profile where workspace_id = %s", (workspace.pk,))


@dataclass(frozen=True)
class Slice(Filter):
    """The people of some random buckets: they speak for everyone. Kept nowhere."""

    kind = "slice"
    operators: ClassVar[dict[str, Operator]] = {"are": Operator("", nothing)}

    def query(self, workspace: Workspace, now: Any) -> Query:
        return Query(
            "select id from profiles_profile where workspace_id = %s and random_bucket = any(%s)",
            (workspace.pk, list(self.value)),
        )


def spread(buckets: int) -> Slice:
    """Return the slice of so many buckets, evenly spread: a filter over a range of buckets must
    not hold for all of them.
    """
    step = RANDOM_BUCKETS / buckets
    return Slice("", "are", tuple(int(step * (i + 0.5)) for i in range(buckets)))


EVERYONE = Everyone("", "are", ())
