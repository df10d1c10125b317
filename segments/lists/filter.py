"""The filter over fixed lists of people: “In list VIPs”."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.models import Profile
from segments.filters import fields
from segments.filters.base import Choices, Filter, Label, Labels, Operator, Query, Since, register
from segments.models import UserList
from workspaces.models import Workspace


@register
class UserListFilter(Filter):
    """Whether a person is in any of some lists. A list that was deleted counts as empty."""

    kind = "user_list"
    category = gettext_lazy("CSV or list membership")
    operators: ClassVar[dict[str, Operator]] = {
        "includes_any": Operator(gettext_lazy("includes any of"), fields.pick),
        "includes_none": Operator(
            gettext_lazy("does not include"), fields.pick, negates="includes_any"
        ),
    }

    gone = gettext_lazy("a list that was deleted")

    @classmethod
    def subjects(cls, workspace: Workspace) -> Iterable[tuple[str, Label]]:
        yield "", gettext_lazy("User list")

    @classmethod
    def choices(cls, workspace: Workspace, subject: str) -> Choices:
        lists = UserList.objects.in_workspace(workspace)
        return [(str(pk), name) for pk, name in lists.values_list("pk", "name")]

    @property
    def picked(self) -> tuple[str, ...]:
        return tuple(map(str, self.value))

    def query(self, workspace: Workspace, now: datetime) -> Query:
        return Query(
            "select profile_id from segments_userlistmember where user_list_id in "
            "(select id from segments_userlist where workspace_id = %s and id = any(%s::uuid[]))",
            (workspace.pk, list(self.value)),
        )

    def changed_since(self, workspace: Workspace, since: Since) -> Query:
        return Query(
            "select profile_id from segments_userlistmember "  # noqa: S608
            f"where user_list_id = any(%s::uuid[]) and {since.sql}",
            (list(self.value), *since.params),
        )

    def seen(self, workspace: Workspace, profile: Profile, now: datetime) -> str:
        """Say in which of the lists ``profile`` is, and since when these are what they are."""
        lists = UserList.objects.in_workspace(workspace)
        found = lists.filter(pk__in=self.value, members__profile=profile)
        return ", ".join(
            _("in %(list)s of %(day)s")
            % {"list": each, "day": date_format(timezone.localtime(each.created_at))}
            for each in found
        )

    def sentence(self, catalogue: Labels) -> str:
        if self.operator == "includes_any" and len(self.value) == 1:
            return _("%(filter)s includes %(list)s") % {
                "filter": catalogue.label(self),
                "list": self.value_in_words(catalogue),
            }
        return super().sentence(catalogue)

    def notes(self, catalogue: Labels) -> list[str]:
        """Say whether a list is gone: it counts as empty."""
        known = dict(self.choices(catalogue.workspace, self.subject))
        if all(pk in known for pk in self.picked):
            return []
        return [_("A list that this filter names was deleted. It counts as empty.")]
