"""The reading calls of campaigns and Canvases."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Canvas, Targeted
from tests.worlds.factories import WorkspaceFactory
from tests.worlds.rest_callers import RestCaller, rest_caller
from workspaces.models import Workspace

EMAIL = {"from_name": "Acme", "subject": "Hello", "preheader": "Look", "body": "<p>Hi</p>"}
WEBHOOK = {
    "url": "https://example.com/hook",
    "method": "PUT",
    "headers": [["content-type", "application/json"], ["X-Who", "us"]],
    "body": "{}",
}
WHEN = datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.fixture
def caller(workspace: Workspace) -> RestCaller:
    return rest_caller(workspace)


@pytest.fixture
def campaign(workspace: Workspace) -> Campaign:
    return made(Campaign, workspace, name="Welcome", message=EMAIL)


@pytest.fixture
def canvas(workspace: Workspace) -> Canvas:
    return made(Canvas, workspace, name="Onboarding")


def made[T: Targeted](model: type[T], workspace: Workspace, **fields: Any) -> T:
    return model.objects.create(workspace=workspace, **fields)


def listed(caller: RestCaller, kind: str, **query: Any) -> list[str]:
    (rows,) = (
        value
        for name, value in caller.get(f"/{kind}/list", query).json().items()
        if name != "message"
    )
    return [row["name"] for row in rows]


def details(caller: RestCaller, kind: str, pk: Any) -> dict[str, Any]:
    name = "campaign_id" if kind == "campaigns" else "canvas_id"
    return caller.get(f"/{kind}/details", {name: pk}).json()


def refused(caller: RestCaller, path: str, query: Any) -> str:
    answer = caller.get(path, query)
    assert answer.status_code == 400
    return answer.json()["message"]


KINDS = pytest.mark.parametrize(("kind", "model"), [("campaigns", Campaign), ("canvas", Canvas)])

# The lists


def test_a_campaign_is_listed_as_documented(caller: RestCaller, campaign: Campaign) -> None:
    Campaign.objects.update(tags=["a"], updated_at=WHEN)
    assert caller.get("/campaigns/list").json() == {
        "message": "success",
        "campaigns": [
            {
                "id": str(campaign.pk),
                "last_edited": "2026-06-01T08:00:00Z",
                "name": "Welcome",
                "is_api_campaign": False,
                "tags": ["a"],
            }
        ],
    }


def test_a_canvas_is_listed_as_documented(caller: RestCaller, canvas: Canvas) -> None:
    Canvas.objects.update(tags=["a"], updated_at=WHEN)
    assert caller.get("/canvas/list").json() == {
        "message": "success",
        "canvases": [
            {
                "id": str(canvas.pk),
                "last_edited": "2026-06-01T08:00:00Z",
                "name": "Onboarding",
                "tags": ["a"],
            }
        ],
    }


@KINDS
def test_they_are_listed_in_order_of_creation(
    kind: str, model: type[Targeted], caller: RestCaller
) -> None:
    for name in ("B", "C", "A"):
        made(model, caller.workspace, name=name)
    assert listed(caller, kind) == ["B", "C", "A"]
    assert listed(caller, kind, sort_direction="desc") == ["A", "C", "B"]
    assert listed(caller, kind, page=1) == []


@KINDS
def test_archived_ones_are_listed_where_asked_for(
    kind: str, model: type[Targeted], caller: RestCaller
) -> None:
    made(model, caller.workspace, name="Old", archived_at=WHEN)
    made(model, caller.workspace, name="New")
    made(model, WorkspaceFactory(), name="Theirs")
    assert listed(caller, kind) == listed(caller, kind, include_archived="false") == ["New"]
    assert listed(caller, kind, include_archived="true") == ["Old", "New"]


@KINDS
def test_those_edited_after_a_time_are_listed(
    kind: str, model: type[Targeted], caller: RestCaller
) -> None:
    for hours in range(3):
        row = made(model, caller.workspace, name=str(hours))
        model.objects.filter(pk=row.pk).update(updated_at=WHEN + timedelta(hours=hours))
    for moment in ("2026-06-01T09:00:00", "2026-06-01T04:00:00-5:00"):
        assert listed(caller, kind, **{"last_edit.time[gt]": moment}) == ["2"]


@KINDS
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"page": "-1"}, "`page` must be a number from 0 to 1000000"),
        ({"sort_direction": "up"}, "`sort_direction` must be `asc` or `desc`"),
        ({"include_archived": "maybe"}, "`include_archived` must be `true` or `false`"),
        ({"include_archived": ""}, "`include_archived` must be `true` or `false`"),
        (
            {"last_edit.time[gt]": "lately"},
            "`last_edit.time[gt]` must be a time in ISO-8601, such as 2026-06-28T23:59:59-05:00",
        ),
    ],
)
def test_a_list_is_asked_for_in_sense(
    query: Any, message: str, kind: str, model: type[Targeted], caller: RestCaller
) -> None:
    assert refused(caller, f"/{kind}/list", query) == message


@KINDS
@pytest.mark.parametrize("count", [1, 3])
def test_a_list_takes_a_set_number_of_queries(
    count: int,
    kind: str,
    model: type[Targeted],
    caller: RestCaller,
    django_assert_num_queries: Any,
) -> None:
    for number in range(count):
        made(model, caller.workspace, name=str(number))
    caller.get(f"/{kind}/list")
    with django_assert_num_queries(3):
        assert len(listed(caller, kind)) == count


# One of them


def test_the_details_of_an_email_campaign(caller: RestCaller, campaign: Campaign) -> None:
    Campaign.objects.update(created_at=WHEN, updated_at=WHEN, tags=["a"], description="Hi there")
    assert details(caller, "campaigns", campaign.pk) == {
        "message": "success",
        "created_at": "2026-06-01T08:00:00Z",
        "updated_at": "2026-06-01T08:00:00Z",
        "archived": False,
        "draft": True,
        "enabled": False,
        "has_post_launch_draft": False,
        "name": "Welcome",
        "description": "Hi there",
        "schedule_type": None,
        "channels": ["email"],
        "first_sent": None,
        "last_sent": None,
        "tags": ["a"],
        "teams": [],
        "messages": {
            str(campaign.pk): {
                "channel": "email",
                "name": "Variant 1",
                "extras": [],
                "subject": "Hello",
                "body": "<p>Hi</p>",
                "from": "Acme",
                "reply_to": None,
                "title": "Welcome",
                "amp_body": None,
                "preheader": "Look",
                "custom_plain_text": None,
                "should_inline_css": False,
                "should_whitespace_header": False,
                "email_headers": [],
            }
        },
        "conversion_behaviors": [],
    }


def test_the_message_of_a_webhook_campaign(caller: RestCaller, workspace: Workspace) -> None:
    campaign = made(Campaign, workspace, name="Hook", channel="webhook", message=WEBHOOK)
    found = details(caller, "campaigns", campaign.pk)
    assert found["channels"] == ["webhook"]
    assert found["messages"][str(campaign.pk)] == {
        "channel": "webhook",
        "name": "Variant 1",
        "url": "https://example.com/hook",
        "body": "{}",
        "type": "application/json",
        "headers": {"content-type": "application/json", "X-Who": "us"},
        "method": "PUT",
    }


@pytest.mark.parametrize("channel", ["email", "webhook"])
def test_a_message_that_nobody_wrote_is_empty(
    channel: str, caller: RestCaller, workspace: Workspace
) -> None:
    campaign = made(Campaign, workspace, name="Blank", channel=channel)
    message = details(caller, "campaigns", campaign.pk)["messages"][str(campaign.pk)]
    assert (message["channel"], message["body"]) == (channel, "")


def test_the_details_of_a_canvas(caller: RestCaller, canvas: Canvas) -> None:
    Canvas.objects.update(created_at=WHEN, updated_at=WHEN, archived_at=WHEN)
    assert details(caller, "canvas", canvas.pk) == {
        "message": "success",
        "created_at": "2026-06-01T08:00:00Z",
        "updated_at": "2026-06-01T08:00:00Z",
        "archived": True,
        "draft": True,
        "enabled": False,
        "has_post_launch_draft": False,
        "name": "Onboarding",
        "description": "",
        "schedule_type": None,
        "channels": [],
        "first_entry": None,
        "last_entry": None,
        "variants": [],
        "tags": [],
        "teams": [],
        "steps": [],
    }


@pytest.mark.parametrize(
    ("entry", "expected"),
    [("scheduled", "time_based"), ("action", "action_based"), ("api", "api_triggered")],
)
def test_a_canvas_tells_how_users_enter(
    entry: str, expected: str, caller: RestCaller, workspace: Workspace
) -> None:
    canvas = made(Canvas, workspace, name="Any", entry={"type": entry})
    assert details(caller, "canvas", canvas.pk)["schedule_type"] == expected


@pytest.mark.parametrize("call", ["details", "data_series"])
@pytest.mark.parametrize(
    ("kind", "model", "name", "what"),
    [
        ("campaigns", Campaign, "campaign_id", "Campaign ID: this workspace has no such campaign"),
        ("canvas", Canvas, "canvas_id", "Canvas ID: this workspace has no such Canvas"),
    ],
)
def test_it_must_be_one_of_ours(
    kind: str, model: type[Targeted], name: str, what: str, call: str, caller: RestCaller
) -> None:
    foreign = made(model, WorkspaceFactory(), name="Theirs")
    for pk in (foreign.pk, uuid.uuid4()):
        query = {name: pk, "length": 1}
        assert refused(caller, f"/{kind}/{call}", query) == f"Invalid {what}"


@pytest.mark.parametrize("call", ["details", "data_series"])
@pytest.mark.parametrize("pk", [None, "", "1", "\0"])
def test_it_must_be_named(call: str, pk: str | None, caller: RestCaller) -> None:
    for kind, name, what in (
        ("campaigns", "campaign_id", "a campaign"),
        ("canvas", "canvas_id", "a Canvas"),
    ):
        query = {"length": 1} | ({} if pk is None else {name: pk})
        message = f"`{name}` must be the identifier of {what}"
        assert refused(caller, f"/{kind}/{call}", query) == message


# Their days


def test_the_days_of_an_email_campaign(caller: RestCaller, campaign: Campaign) -> None:
    query = {"campaign_id": campaign.pk, "length": 2, "ending_at": "2025-03-01T12:00:00Z"}
    answer = caller.get("/campaigns/data_series", query).json()
    figures = {
        "variation_api_id": str(campaign.pk),
        "sent": 0,
        "opens": 0,
        "unique_opens": 0,
        "clicks": 0,
        "unique_clicks": 0,
        "unsubscribes": 0,
        "bounces": 0,
        "delivered": 0,
        "reported_spam": 0,
    }
    day = {
        "conversions": 0,
        "conversions_by_send_time": 0,
        "revenue": 0.0,
        "unique_recipients": 0,
        "messages": {"email": [figures]},
    }
    days = [{"time": "2025-02-28"} | day, {"time": "2025-03-01"} | day]
    assert answer == {"message": "success", "data": days}


def test_the_days_of_a_webhook_campaign(caller: RestCaller, workspace: Workspace) -> None:
    campaign = made(Campaign, workspace, name="Hook", channel="webhook")
    query = {"campaign_id": campaign.pk, "length": 1}
    (day,) = caller.get("/campaigns/data_series", query).json()["data"]
    assert day["time"] == str(timezone.localdate())
    figures = {"variation_api_id": str(campaign.pk), "sent": 0, "errors": 0}
    assert day["messages"] == {"webhook": [figures]}


def test_the_days_of_a_campaign_have_a_limit_of_their_own(
    caller: RestCaller, campaign: Campaign
) -> None:
    answer = caller.get("/campaigns/data_series", {"campaign_id": campaign.pk, "length": 100})
    assert len(answer.json()["data"]) == 100
    assert answer["X-RateLimit-Limit"] == "50000"


@pytest.mark.parametrize("length", [None, "", "0", "101", "x"])
def test_a_campaign_tells_up_to_a_hundred_days(
    length: str | None, caller: RestCaller, campaign: Campaign
) -> None:
    query = {"campaign_id": campaign.pk} | ({} if length is None else {"length": length})
    message = "`length` must be a number from 1 to 100"
    assert refused(caller, "/campaigns/data_series", query) == message


def canvas_series(caller: RestCaller, canvas: Canvas, **query: Any) -> list[dict[str, Any]]:
    query = {"canvas_id": canvas.pk, "ending_at": "2025-03-01T12:00:00Z"} | query
    answer = caller.get("/canvas/data_series", query).json()
    assert (answer["message"], answer["data"]["name"]) == ("success", "Onboarding")
    return answer["data"]["stats"]


def test_the_days_of_a_canvas(caller: RestCaller, canvas: Canvas) -> None:
    totals = {"revenue": 0.0, "conversions": 0, "conversions_by_entry_time": 0, "entries": 0}
    assert canvas_series(caller, canvas, length=2) == [
        {"time": "2025-02-28", "total_stats": totals},
        {"time": "2025-03-01", "total_stats": totals},
    ]


@pytest.mark.parametrize("name", ["variant", "step"])
def test_a_canvas_breaks_its_days_down_where_asked(
    name: str, caller: RestCaller, canvas: Canvas
) -> None:
    (day,) = canvas_series(caller, canvas, length=1, **{f"include_{name}_breakdown": "true"})
    assert day.keys() == {"time", "total_stats", f"{name}_stats"}
    assert day[f"{name}_stats"] == {}


def test_the_days_of_a_canvas_begin_where_asked(caller: RestCaller, canvas: Canvas) -> None:
    days = canvas_series(caller, canvas, starting_at="2025-02-27T12:00:00Z")
    assert [day["time"] for day in days] == ["2025-02-27", "2025-02-28", "2025-03-01"]
    assert len(canvas_series(caller, canvas, starting_at="2025-02-15T00:00:00Z")) == 15


def test_the_days_of_a_canvas_end_today_unless_asked(caller: RestCaller, canvas: Canvas) -> None:
    answer = caller.get("/canvas/data_series", {"canvas_id": canvas.pk, "length": 1})
    days = [day["time"] for day in answer.json()["data"]["stats"]]
    assert days == [str(timezone.localdate())]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "Either `length` or `starting_at` is required"),
        ({"length": "15"}, "`length` must be a number from 1 to 14"),
        ({"length": ""}, "`length` must be a number from 1 to 14"),
        (
            {"starting_at": "2025-02-14T12:00:00Z"},
            "`starting_at` must be at most 14 days before `ending_at`",
        ),
        (
            {"starting_at": "2025-03-02T12:00:00Z"},
            "`starting_at` must be at most 14 days before `ending_at`",
        ),
        (
            {"starting_at": "x"},
            "`starting_at` must be a time in ISO-8601, such as 2026-06-28T23:59:59-05:00",
        ),
        (
            {"length": "1", "include_step_breakdown": "2"},
            "`include_step_breakdown` must be `true` or `false`",
        ),
    ],
)
def test_the_days_of_a_canvas_are_asked_for_in_sense(
    query: Any, message: str, caller: RestCaller, canvas: Canvas
) -> None:
    query = {"canvas_id": canvas.pk, "ending_at": "2025-03-01T12:00:00Z"} | query
    assert refused(caller, "/canvas/data_series", query) == message


# Who may


@pytest.mark.parametrize("kind", ["campaigns", "canvas"])
def test_each_call_needs_its_own_permission(
    kind: str, workspace: Workspace, campaign: Campaign, canvas: Canvas
) -> None:
    calls = ("list", "details", "data_series")
    query = {"campaign_id": campaign.pk, "canvas_id": canvas.pk, "length": 1}
    for allowed in calls:
        one = rest_caller(workspace, f"{kind}.{allowed}")
        statuses = {call: one.get(f"/{kind}/{call}", query).status_code for call in calls}
        assert statuses == {call: 200 if call == allowed else 403 for call in calls}
