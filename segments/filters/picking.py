"""Filters that pick rows: segments, lists, subscription groups, cohorts."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from segments.filters import fields
from segments.filters.base import Choices, Filter, Label, Operator
from workspaces.models import Workspace

INCLUDES: dict[str, Operator] = {
    "includes_any": Operator(_("includes any of"), fields.pick),
    "includes_none": Operator(_("does not include"), fields.pick, negates="includes_any"),
}


class PickFilter(Filter):
    """A filter whose value holds ids of rows that have a name, and may be deleted meanwhile."""

    name: ClassVar[Label]

    @classmethod
    def rows(cls, workspace: Workspace, subject: str) -> QuerySet[Any]:
        """Return the rows that one can pick."""
        raise NotImplementedError

    @classmethod
    def subjects(cls, workspace: Workspace) -> Iterable[tuple[str, Label]]:
        yield "", cls.name

    @classmethod
    def choices(cls, workspace: Workspace, subject: str) -> Choices:
        rows = cls.rows(workspace, subject).values_list("pk", "name")
        return [(str(pk), name) for pk, name in rows]

    @property
    def picked(self) -> tuple[str, ...]:
        return tuple(map(str, self.value))
