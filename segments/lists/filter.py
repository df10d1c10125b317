"""The filter over fixed lists of people: “In list VIPs”."""

from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.models import Profile
from segments.filters.base import Labels, Query, Since, register
from segments.filters.picking import INCLUDES, PickFilter
from segments.models import UserList
from workspaces.models import Workspace


@register
class UserListFilter(PickFilter):
    """Whether a person is in any of some lists. A list that was deleted counts as empty."""

    kind = "user_list"
    category = gettext_lazy("CSV or list membership")
    name = gettext_lazy("User list")
    operators = INCLUDES
    gone = gettext_lazy("a list that was deleted")

    @classmethod
    def rows(cls, workspace: Workspace, subject: str) -> QuerySet[UserList]:
        return UserList.objects.in_workspace(workspace)

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
