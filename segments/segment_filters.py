"""The filters that this room brings: segment membership, and those over attributes."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from segments.filters import (
    attributes,  # noqa: F401
    fields,  # noqa: F401
)
from segments.filters import events as event_filters  # noqa: F401
from segments.filters import identifiers as identifier_filters  # noqa: F401
from segments.filters import subscriptions as subscription_filters  # noqa: F401
from segments.filters.base import (
    Catalogue,
    Choices,
    Filter,
    Label,
    Operator,
    Query,
    Since,
    register,
)
from segments.lists import filter as list_filters  # noqa: F401
from segments.models import Segment
from segments.trees.tree import joined, joined_sql, load_tree
from workspaces.models import Workspace

if TYPE_CHECKING:
    from segments.audiences.people import People


@register
class SegmentMembership(Filter):
    """Whether a person is in any of some segments. Not a leaf: it asks their trees."""

    kind = "segment"
    category = _("Segment membership")
    operators: ClassVar[dict[str, Operator]] = {
        "includes_any": Operator(_("includes any of"), fields.pick),
        "includes_none": Operator(_("does not include"), fields.pick, negates="includes_any"),
    }

    gone = _("a segment that was deleted")

    @classmethod
    def subjects(cls, workspace: Workspace) -> Iterable[tuple[str, Label]]:
        yield "", _("Segment Membership")

    @classmethod
    def choices(cls, workspace: Workspace, subject: str) -> Choices:
        known = Segment.objects.in_workspace(workspace).values_list("pk", "name", "archived_at")
        return [
            (str(pk), name if archived is None else _("%(name)s (archived)") % {"name": name})
            for pk, name, archived in known
        ]

    @property
    def picked(self) -> tuple[str, ...]:
        return tuple(map(str, self.value))

    def changed_since(self, workspace: Workspace, since: Since) -> Query:
        """Select nobody: what changes is in the filters of the segments."""
        return Query("select id from profiles_profile where false")

    def notes(self, catalogue: Catalogue) -> list[str]:
        """Say which of the segments are archived: they go on being asked."""
        named = Segment.objects.in_workspace(catalogue.workspace).filter(pk__in=self.value)
        return [
            _("The segment “%(segment)s” is archived. It still counts as it is.")
            % {"segment": segment}
            for segment in named.archived()
        ]

    def audience(self, people: "People") -> BitMap:
        inside = joined("any", [people.segment(pk) for pk in self.value])
        return people.everyone() - inside if self.negative else inside

    def leaves(self, people: "People") -> Iterable[Filter]:
        for pk in self.value:
            yield from people.leaves_of(pk)

    def condition(self, workspace: Workspace, now: datetime) -> Query:
        nested = Segment.objects.in_workspace(workspace).filter(pk__in=self.value)
        inside = joined_sql(
            "any", [load_tree(segment.tree).condition(workspace, now) for segment in nested]
        )
        return Query(f"not ({inside.sql})" if self.negative else inside.sql, inside.params)
