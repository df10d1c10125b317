"""The calls about what people are subscribed to: e-mail as a whole, and subscription groups."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Prefetch
from django.http import QueryDict
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from profiles.models import GroupSubscription, Profile, Subscription, SubscriptionGroup
from profiles.subscriptions import serializers as shapes
from profiles.subscriptions.states import (
    named,
    set_address_states,
    set_group_state,
    takes_emails,
)
from rest.calls import BODY_REFUSALS, REFUSALS, RestCall, SuccessSchema, cleaned
from workspaces.models import Workspace

TAG = "Subscriptions"
SUCCESS = {"message": "success"}
GROUP = "4d4f1c1e-9f9d-4a0c-a1d6-2f7f7f0d5e11"
DONE = OpenApiResponse(
    SuccessSchema,
    "All of it was applied.",
    [OpenApiExample("Success", value=SUCCESS, status_codes=["201"])],
)


class SetEmailStatus(RestCall):
    permission = "email.status"

    @extend_schema(
        operation_id="email_status",
        summary="Change what e-mail addresses are subscribed to",
        description=(
            "Everybody who has one of the addresses is subscribed so. For an address that nobody "
            "has yet it is kept: whoever gets the address later is subscribed so, unless "
            "`email_subscribe` is said with it."
        ),
        tags=[TAG],
        request=shapes.EmailStatusSerializer,
        responses=BODY_REFUSALS | {201: DONE},
        examples=[
            OpenApiExample(
                "One address",
                request_only=True,
                value={"email": "ann@example.com", "subscription_state": "unsubscribed"},
            )
        ],
    )
    def post(self, request: Request) -> Response:
        asked = cleaned(shapes.EmailStatusSerializer, body_of(request))
        state = asked["subscription_state"]
        set_address_states(self.workspace, asked["email"], state)
        return Response(SUCCESS, status=201)


class Addresses(RestCall):
    """The addresses of those about whom ``column`` tells when something happened."""

    column: ClassVar[str]
    said: ClassVar[str]
    only: ClassVar[dict[str, Any]] = {}

    def answer(self, request: Request, written: str) -> Response:
        """Answer with the addresses, each with the time, as ``written`` spells it."""
        asked = cleaned(shapes.AddressesSerializer, request.query_params.dict())
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
        emails = [{"email": email, self.said: at.strftime(written)} for email, at in page]
        return Response({"emails": emails} | SUCCESS)


class Unsubscribes(Addresses):
    permission = "email.unsubscribe"
    column = "email_subscribe_at"
    said = "unsubscribed_at"
    only: ClassVar[dict[str, Any]] = {"email_subscribe": Subscription.UNSUBSCRIBED}

    @extend_schema(
        operation_id="email_unsubscribes",
        summary="List the addresses that unsubscribed",
        description="In a stretch of days, or one address; the newest first.",
        tags=[TAG],
        parameters=[shapes.AddressesSerializer],
        request=None,
        responses=REFUSALS | {200: OpenApiResponse(shapes.UnsubscribesSchema, "A part of them.")},
        examples=[
            OpenApiExample(
                "One address",
                response_only=True,
                status_codes=["200"],
                value={
                    "emails": [
                        {
                            "email": "ann@example.com",
                            "unsubscribed_at": "2026-08-25 15:24:32 +0000",
                        }
                    ],
                    "message": "success",
                },
            )
        ],
    )
    def get(self, request: Request) -> Response:
        return self.answer(request, "%Y-%m-%d %H:%M:%S +0000")


class HardBounces(Addresses):
    permission = "email.hard_bounces"
    column = "email_hard_bounced_at"
    said = "hard_bounced_at"

    @extend_schema(
        operation_id="email_hard_bounces",
        summary="List the addresses that bounced for good",
        description="In a stretch of days, or one address; the newest first.",
        tags=[TAG],
        parameters=[shapes.AddressesSerializer],
        request=None,
        responses=REFUSALS | {200: OpenApiResponse(shapes.HardBouncesSchema, "A part of them.")},
        examples=[
            OpenApiExample(
                "One address",
                response_only=True,
                status_codes=["200"],
                value={
                    "emails": [
                        {"email": "ann@example.com", "hard_bounced_at": "2026-08-25T15:24:32Z"}
                    ],
                    "message": "success",
                },
            )
        ],
    )
    def get(self, request: Request) -> Response:
        return self.answer(request, "%Y-%m-%dT%H:%M:%SZ")


class GroupStatus(RestCall):
    permission = "subscription.status.get"

    @extend_schema(
        operation_id="subscription_status_get",
        summary="Tell whether users are subscribed to a group",
        description=(
            "By external id or, without one, by address or number. Several are sent as "
            "`external_id[]=1&external_id[]=2`."
        ),
        tags=[TAG],
        parameters=[shapes.GroupStatusSerializer],
        request=None,
        responses=REFUSALS | {200: OpenApiResponse(shapes.GroupStatusSchema, "Each status.")},
        examples=[
            OpenApiExample(
                "Two users",
                response_only=True,
                status_codes=["200"],
                value={"status": {"user-1": "Unsubscribed", "user-2": "Unknown"}} | SUCCESS,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        asked = cleaned(shapes.GroupStatusSerializer, query_of(request.query_params))
        group = group_of(self.workspace, asked["subscription_group_id"])
        column = next(name for name in ("external_id", "email", "phone") if asked[name])
        people = named(self.workspace, **{f"{column}s": asked[column]})
        states = GroupSubscription.objects.filter(group=group, profile__in=people)
        rows = states.order_by("at").values_list(f"profile__{column}", "subscribed")
        known = {name: "Subscribed" if on else "Unsubscribed" for name, on in rows}
        said = {name: known.get(_stored(column, name), "Unknown") for name in asked[column]}
        return Response({"status": said} | SUCCESS)


class UserStatus(RestCall):
    permission = "subscription.groups.get"

    @extend_schema(
        operation_id="subscription_user_status",
        summary="List the subscription groups of users",
        description="Users who share an address or a number are listed each by themselves.",
        tags=[TAG],
        parameters=[shapes.UserStatusSerializer],
        request=None,
        responses=REFUSALS | {200: OpenApiResponse(shapes.UserStatusSchema, "The users.")},
        examples=[
            OpenApiExample(
                "One user",
                response_only=True,
                status_codes=["200"],
                value={
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
                    "message": "success",
                },
            )
        ],
    )
    def get(self, request: Request) -> Response:
        asked = cleaned(shapes.UserStatusSerializer, query_of(request.query_params))
        people = named(
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


class SetGroupStatus(RestCall):
    permission = "subscription.status.set"

    @extend_schema(
        operation_id="subscription_status_set",
        summary="Subscribe users to a group, or unsubscribe them",
        tags=[TAG],
        request=shapes.SetStatusSerializer,
        responses=BODY_REFUSALS | {201: DONE},
        examples=[
            OpenApiExample(
                "One user",
                request_only=True,
                value={
                    "subscription_group_id": GROUP,
                    "subscription_state": "unsubscribed",
                    "external_id": "user-1",
                },
            )
        ],
    )
    def post(self, request: Request) -> Response:
        asked = cleaned(shapes.SetStatusSerializer, body_of(request))
        names = {f"{name}s": asked[name] for name in ("external_id", "email", "phone")}
        set_statuses(self.workspace, [asked | names])
        return Response(SUCCESS, status=201)


class SetGroupStatuses(RestCall):
    permission = "subscription.status.set"

    @extend_schema(
        operation_id="subscription_status_set_v2",
        summary="Change the subscriptions to several groups",
        description="Nothing is applied if one of the groups cannot be changed as it is said.",
        tags=[TAG],
        request=shapes.SetStatusesSerializer,
        responses=BODY_REFUSALS | {201: DONE},
        examples=[
            OpenApiExample(
                "One group",
                request_only=True,
                value={
                    "subscription_groups": [
                        {
                            "subscription_group_id": GROUP,
                            "subscription_state": "subscribed",
                            "external_ids": ["user-1", "user-2"],
                        }
                    ]
                },
            )
        ],
    )
    def post(self, request: Request) -> Response:
        changes = cleaned(shapes.SetStatusesSerializer, body_of(request))["subscription_groups"]
        set_statuses(self.workspace, changes)
        return Response(SUCCESS, status=201)


def set_statuses(workspace: Workspace, changes: list[dict[str, Any]]) -> None:
    """Apply ``changes``; where one cannot be, raise ``ParseError`` before any of them is."""
    known = [group_to_change(workspace, change) for change in changes]
    for group, change in zip(known, changes, strict=True):
        names = {name: change[name] for name in ("external_ids", "emails", "phones")}
        people = named(workspace, **names)
        set_group_state(group, people, subscribed=change["subscription_state"])


def group_to_change(workspace: Workspace, change: dict[str, Any]) -> SubscriptionGroup:
    """Return the group of ``change``. Raises ``ParseError`` if what is named cannot join it."""
    group = group_of(workspace, change["subscription_group_id"])
    if change["phones"] and takes_emails(group):
        raise ParseError("Phone numbers are accepted for SMS and WhatsApp subscription groups only")
    if change["emails"] and not takes_emails(group):
        raise ParseError("Email addresses are accepted for email subscription groups only")
    return group


def group_of(workspace: Workspace, pk: UUID) -> SubscriptionGroup:
    """Return a group of ``workspace``. Raises ``ParseError`` if there is none."""
    group = SubscriptionGroup.objects.in_workspace(workspace).filter(pk=pk).first()
    if group is None:
        raise ParseError(shapes.NO_GROUP)
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


def body_of(request: Request) -> dict[str, Any]:
    """Return the body, which must be a JSON object. Raises ``ParseError``."""
    if not isinstance(request.data, dict):
        raise ParseError("Bad Request: the body must be a JSON object")
    return request.data


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
