"""The filter over subscription groups: “Subscription group is subscribed to Product news”."""

from datetime import datetime
from typing import ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.models import GroupSubscription, Profile, SubscriptionGroup
from segments.filters import fields
from segments.filters.base import (
    Operator,
    Query,
    Since,
    as_array,
    changed_in,
    register,
)
from segments.filters.picking import PickFilter
from workspaces.models import Workspace

GROUPS = (
    "select profile_id from profiles_groupsubscription "
    "where workspace_id = %s and group_id = any(%s::uuid[]) and subscribed = {}"
)


@register
class SubscriptionGroupFilter(PickFilter):
    """Whether a person is subscribed to any of some groups, or has unsubscribed from any."""

    kind = "subscription_group"
    category = gettext_lazy("Contact and subscription")
    name = gettext_lazy("Subscription group")
    operators: ClassVar[dict[str, Operator]] = {
        "subscribed": Operator(
            gettext_lazy("is subscribed to any of"), fields.pick, GROUPS.format(True), as_array
        ),
        "not_subscribed": Operator(
            gettext_lazy("is not subscribed to"), fields.pick, negates="subscribed"
        ),
        "unsubscribed": Operator(
            gettext_lazy("has unsubscribed from any of"),
            fields.pick,
            GROUPS.format(False),
            as_array,
        ),
    }

    gone = gettext_lazy("a subscription group that was deleted")

    @classmethod
    def rows(cls, workspace: Workspace, subject: str) -> QuerySet[SubscriptionGroup]:
        return SubscriptionGroup.objects.in_workspace(workspace)

    def query(self, workspace: Workspace, now: datetime) -> Query:
        asked = self.positive
        return Query(asked.sql, (workspace.pk, *asked.params(self.value, now)))

    def changed_since(self, workspace: Workspace, since: Since) -> Query:
        return changed_in("profiles_groupsubscription", "profile_id", workspace, since)

    def seen(self, workspace: Workspace, profile: Profile, now: datetime) -> str:
        """Say the state of each of the groups that ``profile`` has one of."""
        known = GroupSubscription.objects.filter(
            profile=profile, workspace=workspace, group__in=self.value
        ).select_related("group")
        return ", ".join(
            (_("%(group)s: subscribed") if state.subscribed else _("%(group)s: unsubscribed"))
            % {"group": state.group}
            for state in known.order_by("group__name")
        )
