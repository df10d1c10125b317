"""Filters over the second names of people: aliases and devices."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.db import connection
from django.utils.translation import gettext_lazy as _

from profiles.models import Profile
from segments.filters import fields, operators
from segments.filters.base import Filter, Label, Operator, Query, Since, changed_in, register
from segments.filters.in_words import in_words
from workspaces.models import Workspace


class IdentifierFilter(Filter):
    """A filter that looks at the rows of ``table``, each one an identifier of a person."""

    category = _("Other filters")
    name: ClassVar[Label]
    table: ClassVar[str]
    shown: ClassVar[str]

    @classmethod
    def subjects(cls, workspace: Workspace) -> Iterable[tuple[str, Label]]:
        yield "", cls.name

    def query(self, workspace: Workspace, now: datetime) -> Query:
        return Query(
            f"select profile_id from {self.table} "  # noqa: S608
            f"where workspace_id = %s and {self.positive.sql}",
            (workspace.pk, *self.positive.params(self.value, now)),
        )

    def changed_since(self, workspace: Workspace, since: Since) -> Query:
        return changed_in(self.table, "profile_id", workspace, since)

    def seen(self, workspace: Workspace, profile: Profile, now: datetime) -> str:
        sql = f"select {self.shown} from {self.table} where profile_id = %s order by 1"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, [profile.pk])
            return in_words([row[0] for row in cursor.fetchall()])


@register
class HasAlias(IdentifierFilter):
    kind = "alias"
    name = _("Alias")
    table = "profiles_alias"
    shown = "label || ':' || name"
    operators: ClassVar[dict[str, Operator]] = {
        "has_label": Operator(
            _("has a label that is any of"), fields.lines, "label = any(%s)", operators.as_array
        ),
        "lacks_label": Operator(
            _("has no label that is any of"), fields.lines, negates="has_label"
        ),
        "any": Operator(_("is not blank"), fields.nothing, "true"),
        "none": Operator(_("is blank"), fields.nothing, negates="any"),
    }


@register
class HasDevice(IdentifierFilter):
    kind = "device"
    name = _("Device")
    table = "profiles_device"
    shown = "device_id"
    operators: ClassVar[dict[str, Operator]] = {
        "any": Operator(_("is not blank"), fields.nothing, "true"),
        "none": Operator(_("is blank"), fields.nothing, negates="any"),
    }
