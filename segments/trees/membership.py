"""The filter over other segments: “Segment Membership includes any of …”."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from segments.filters.base import (
    Choices,
    Filter,
    Labels,
    Population,
    Query,
    Since,
)
from segments.filters.picking import INCLUDES, PickFilter
from segments.models import Segment, SegmentQuerySet
from segments.trees.tree import joined, joined_sql, load_tree
from workspaces.models import Workspace


class SegmentMembership(PickFilter):
    """Whether a person is in any of some segments. Not a leaf: it asks their trees."""

    kind = "segment"
    category = _("Segment membership")
    operators = INCLUDES

    name = _("Segment Membership")
    gone = _("a segment that was deleted")

    @classmethod
    def rows(cls, workspace: Workspace, subject: str) -> SegmentQuerySet:
        return Segment.objects.in_workspace(workspace)

    @classmethod
    def choices(cls, workspace: Workspace, subject: str) -> Choices:
        known = cls.rows(workspace, subject).values_list("pk", "name", "archived_at")
        return [
            (str(pk), name if archived is None else _("%(name)s (archived)") % {"name": name})
            for pk, name, archived in known
        ]

    def changed_since(self, workspace: Workspace, since: Since) -> Query:
        """Select nobody: what changes is in the filters of the segments."""
        return Query("select id from profiles_profile where false")

    def notes(self, catalogue: Labels) -> list[str]:
        """Say which of the segments are archived: they go on being asked."""
        named = Segment.objects.in_workspace(catalogue.workspace).filter(pk__in=self.value)
        return [
            _("The segment “%(segment)s” is archived. It still counts as it is.")
            % {"segment": segment}
            for segment in named.archived()
        ]

    def audience(self, people: Population) -> BitMap:
        inside = joined("any", [people.segment(pk) for pk in self.value])
        return people.everyone() - inside if self.negative else inside

    def leaves(self, people: Population) -> Iterable[Filter]:
        for pk in self.value:
            yield from people.leaves_of(pk)

    def condition(self, workspace: Workspace, now: datetime) -> Query:
        nested = Segment.objects.in_workspace(workspace).filter(pk__in=self.value)
        inside = joined_sql(
            "any", [load_tree(segment.tree).condition(workspace, now) for segment in nested]
        )
        return Query(f"not ({inside.sql})" if self.negative else inside.sql, inside.params)
