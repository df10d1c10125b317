"""The filters that this room brings: segment membership, and those over attributes."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from segments import attributes, fields  # noqa: F401 (attributes registers its filters)
from segments.filters import Choices, Filter, Label, Operator, Query, register
from segments.models import Segment
from segments.tree import joined, joined_sql, load_tree
from workspaces.models import Workspace

if TYPE_CHECKING:
    from segments.audiences import People


@register
class SegmentMembership(Filter):
    """Whether a person is in any of some segments. Not a leaf: it asks their trees."""

    kind = "segment"
    category = _("Segment membership")
    operators: ClassVar[dict[str, Operator]] = {
        "includes_any": Operator(_("includes any of"), fields.pick),
        "includes_none": Operator(_("does not include"), fields.pick, negates="includes_any"),
    }

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

    def audience(self, people: "People") -> BitMap:
        inside = joined("any", [people.segment(pk) for pk in self.value])
        return people.everyone() - inside if self.negative else inside

    def condition(self, workspace: Workspace, now: datetime) -> Query:
        nested = Segment.objects.in_workspace(workspace).filter(pk__in=self.value)
        inside = joined_sql(
            "any", [load_tree(segment.tree).condition(workspace, now) for segment in nested]
        )
        return Query(f"not ({inside.sql})" if self.negative else inside.sql, inside.params)
