"""The calls about what people are subscribed to: e-mail as a whole, and subscription groups."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Prefetch
from django.http import QueryDict
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from profiles.models import GroupSubscription, Profile, Subscription, SubscriptionGroup
from profiles.subscriptions import serializers, states
from rest.calls import RestCall, cleaned
from rest.schema import EXAMPLES, documented
from workspaces.models import Workspace

TAG = "Subscriptions"
SUCCESS = {"message": "success"}
ALL_APPLIED = "All of it was applied."
GROUP = EXAMPLES["subscription_group_id"]


@documented(
    "Change what e-mail addresses are subscribed to",
    "Everybody who has one of the addresses is subscribed so. For an address that nobody "
    "has yet it is kept: whoever gets the address later is subscribed so, unless "
    "`email_subscribe` is said with it.",
    tag=TAG,
    request=serializers.EmailStatusSerializer,
    answer_means=ALL_APPLIED,
    request_example={
        "One address": {"email": "ann@example.com", "subscription_state": "unsubscribed"}
    },
)
class SetEmailStatus(RestCall):
    permission = "email.status"

    def post(self, request: Request) -> Response:
        asked = cleaned(serializers.EmailStatusSerializer, request.data)
        state = asked["subscription_state"]
        states.set_address_states(self.workspace, asked["email"], state)
        return Response(SUCCESS, status=201)


class Addresses(RestCall):
    """The addresses of those about whom ``column`` tells when something happened."""

    column: ClassVar[str]
    #: What the time is called in the answer, and how it is spelt.
    said: ClassVar[str]
    written: ClassVar[str]
    only: ClassVar[dict[str, Any]] = {}

    def get(self, request: Request) -> Response:
        asked = cleaned(serializers.AddressesSerializer, request.query_params.dict())
        known = {f"{self.column}__isnull": False}
        people = Profile.objects.in_workspace(self.workspace).filter(**known, **self.only)
        people = people.exclude(email="")
        if "email" in asked:
            people = people.filter(email=asked["email"].lower())
        else:
            days = (asked["start_date"], asked["end_date"])
            people = people.filter(**{f"{self.column}__range": days})
        sign = "-" if asked["sort_direction"] == "desc" else ""
        found = people.order_by(f"{sign}{self.column}", f"{sign}pk")
        rows = found.values_list("email", self.column)
        page = rows[asked["offset"] : asked["offset"] + asked["limit"]]
        emails = [{"email": email, self.said: at.strftime(self.written)} for email, at in page]
        return Response({"emails": emails} | SUCCESS)


@documented(
    "List the addresses that unsubscribed",
    "In a stretch of days, or one address; the newest first.",
    tag=TAG,
    request=serializers.AddressesSerializer,
    answer=serializers.UnsubscribesSchema,
    answer_means="A part of them.",
    answer_example={
        "One address": {
            "emails": [
                {
                    "email": "ann@example.com",
                    "unsubscribed_at": "2026-08-25 15:24:32 +0000",
                }
            ],
        }
    },
)
class Unsubscribes(Addresses):
    permission = "email.unsubscribe"
    column = "email_subscribe_at"
    said = "unsubscribed_at"
    written = "%Y-%m-%d %H:%M:%S +0000"
    only: ClassVar[dict[str, Any]] = {"email_subscribe": Subscription.UNSUBSCRIBED}


@documented(
    "List the addresses that bounced for good",
    "In a stretch of days, or one address; the newest first.",
    tag=TAG,
    request=serializers.AddressesSerializer,
    answer=serializers.HardBouncesSchema,
    answer_means="A part of them.",
    answer_example={
        "One address": {
            "emails": [{"email": "ann@example.com", "hard_bounced_at": "2026-08-25T15:24:32Z"}],
        }
    },
)
class HardBounces(Addresses):
    permission = "email.hard_bounces"
    column = "email_hard_bounced_at"
    said = "hard_bounced_at"
    written = "%Y-%m-%dT%H:%M:%SZ"


@documented(
    "Tell whether users are subscribed to a group",
    "By external id or, without one, by address or number. Several are sent as "
    "`external_id[]=1&external_id[]=2`.",
    tag=TAG,
    request=serializers.GroupStatusSerializer,
    answer=serializers.GroupStatusSchema,
    answer_means="Each status.",
    answer_example={"Two users": {"status": {"user-1": "Unsubscribed", "user-2": "Unknown"}}},
)
class GroupStatus(RestCall):
    permission = "subscription.status.get"

    def get(self, request: Request) -> Response:
        asked = cleaned(serializers.GroupStatusSerializer, query_of(request.query_params))
        group = group_of(self.workspace, asked["subscription_group_id"])
        column = next(name for name in ("external_id", "email", "phone") if asked[name])
        people = states.named(self.workspace, **{f"{column}s": asked[column]})
        known_states = GroupSubscription.objects.filter(group=group, profile__in=people)
        rows = known_states.order_by("at").values_list(f"profile__{column}", "subscribed")
        known = {name: "Subscribed" if on else "Unsubscribed" for name, on in rows}
        said = {name: known.get(_stored(column, name), "Unknown") for name in asked[column]}
        return Response({"status": said} | SUCCESS)


@documented(
    "List the subscription groups of users",
    "Users who share an address or a number are listed each by themselves.",
    tag=TAG,
    request=serializers.UserStatusSerializer,
    answer=serializers.UserStatusSchema,
    answer_means="The users.",
    answer_example={
        "One user": {
            "users": [
                {
                    "external_id": "user-1",
                    "email": "ann@example.com",
                    "phone": "+15551234567",
                    "subscription_groups": [
                        {
                            "id": GROUP,
                            "name": "Product news",
                            "channel": "email",
                            "status": "subscribed",
                        }
                    ],
                }
            ],
            "total_count": 1,
        }
    },
)
class UserStatus(RestCall):
    permission = "subscription.groups.get"

    def get(self, request: Request) -> Response:
        asked = cleaned(serializers.UserStatusSerializer, query_of(request.query_params))
        people = states.named(
            self.workspace,
            external_ids=asked["external_id"],
            emails=[] if asked["external_id"] else asked["email"],
            phones=[] if asked["external_id"] else asked["phone"],
        )
        groups = GroupSubscription.objects.select_related("group").order_by("group__name")
        page = people.prefetch_related(Prefetch("group_subscriptions", groups))
        start, end = asked["offset"], asked["offset"] + asked["limit"]
        users = [_user(person) for person in page[start:end]]
        return Response({"users": users, "total_count": people.count()} | SUCCESS)


@documented(
    "Subscribe users to a group, or unsubscribe them",
    "By external id, e-mail address or phone number. One that no user has changes nothing.",
    tag=TAG,
    request=serializers.SetStatusSerializer,
    answer_means=ALL_APPLIED,
    request_example={
        "One user": {
            "subscription_group_id": GROUP,
            "subscription_state": "unsubscribed",
            "external_id": "user-1",
        }
    },
)
class SetGroupStatus(RestCall):
    permission = "subscription.status.set"

    def post(self, request: Request) -> Response:
        asked = cleaned(serializers.SetStatusSerializer, request.data)
        names = {f"{name}s": asked[name] for name in ("external_id", "email", "phone")}
        set_statuses(self.workspace, [asked | names])
        return Response(SUCCESS, status=201)


@documented(
    "Change the subscriptions to several groups",
    "Nothing is applied if one of the groups cannot be changed as it is said.",
    operation_id="subscription_status_set_v2",
    tag=TAG,
    request=serializers.SetStatusesSerializer,
    answer_means=ALL_APPLIED,
    request_example={
        "One group": {
            "subscription_groups": [
                {
                    "subscription_group_id": GROUP,
                    "subscription_state": "subscribed",
                    "external_ids": ["user-1", "user-2"],
                }
            ]
        }
    },
)
class SetGroupStatuses(RestCall):
    permission = "subscription.status.set"

    def post(self, request: Request) -> Response:
        changes = cleaned(serializers.SetStatusesSerializer, request.data)["subscription_groups"]
        set_statuses(self.workspace, changes)
        return Response(SUCCESS, status=201)


def set_statuses(workspace: Workspace, changes: list[dict[str, Any]]) -> None:
    """Apply ``changes``; where one cannot be, raise ``ParseError`` before any of them is."""
    known = [group_to_change(workspace, change) for change in changes]
    for group, change in zip(known, changes, strict=True):
        names = {name: change[name] for name in ("external_ids", "emails", "phones")}
        people = states.named(workspace, **names)
        states.set_group_state(group, people, subscribed=change["subscription_state"])


def group_to_change(workspace: Workspace, change: dict[str, Any]) -> SubscriptionGroup:
    """Return the group of ``change``. Raises ``ParseError`` if what is named cannot join it."""
    group = group_of(workspace, change["subscription_group_id"])
    if change["phones"] and states.takes_emails(group):
        raise ParseError("Phone numbers are accepted for SMS and WhatsApp subscription groups only")
    if change["emails"] and not states.takes_emails(group):
        raise ParseError("Email addresses are accepted for email subscription groups only")
    return group


def group_of(workspace: Workspace, pk: UUID) -> SubscriptionGroup:
    """Return a group of ``workspace``. Raises ``ParseError`` if there is none."""
    group = SubscriptionGroup.objects.in_workspace(workspace).filter(pk=pk).first()
    if group is None:
        raise ParseError(serializers.NO_GROUP)
    return group


def query_of(sent: QueryDict) -> dict[str, Any]:
    """Return a query with the names that may come several times, as ``name`` or ``name[]``."""
    found: dict[str, Any] = sent.dict()
    for name in ("external_id", "email", "phone"):
        if texts := sent.getlist(name) + sent.getlist(f"{name}[]"):
            found[name] = texts
    if "phone" in found:
        # Braze's own pages send the plus as it is, which in a query means a space.
        found["phone"] = [f"+{text[1:]}" if text[:1] == " " else text for text in found["phone"]]
    return found


def _stored(column: str, name: str) -> str:
    return name.lower() if column == "email" else name


def _user(person: Profile) -> dict[str, Any]:
    groups = [
        {
            "id": str(known.group_id),
            "name": known.group.name,
            "channel": known.group.channel,
            "status": "subscribed" if known.subscribed else "unsubscribed",
        }
        for known in person.group_subscriptions.all()
    ]
    names = {
        "external_id": person.external_id,
        "email": person.email or None,
        "phone": person.phone or None,
    }
    return {name: value for name, value in names.items() if value} | {"subscription_groups": groups}
