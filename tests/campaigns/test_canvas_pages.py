"""Canvases: who enters them, when, and what takes them out."""

from typing import Any

import pytest
from django.test import Client

from campaigns.entries import entry_sentence
from campaigns.models import Canvas
from segments.audiences.estimates import Size
from segments.models import Segment
from tests.worlds.targeting_world import builder_fields, leaf, make_people, tree_of
from workspaces.models import AuditEntry, Workspace

NEW = "/w/acme/canvas/new/"
SCHEDULED = {
    "name": "Welcome",
    "entry_type": "scheduled",
    "scheduled-starts_at": "2026-12-01T09:00",
    "scheduled-repeats": "weekly",
    "scheduled-ends_on": "2026-12-31",
}
ACTION = {
    "name": "Welcome",
    "entry_type": "action",
    "action-trigger": "custom_event",
    "action-name": "signed_up",
    "action-opens_at": "2026-12-01T09:00",
    "action-closes_at": "",
}


@pytest.fixture
def canvas(workspace: Workspace) -> Canvas:
    return Canvas.objects.create(workspace=workspace, name="Welcome")


@pytest.fixture
def french(workspace: Workspace) -> Segment:
    return make_people(workspace)[0]


@pytest.mark.parametrize(
    ("posted", "entry", "sentence"),
    [
        (
            SCHEDULED,
            {
                "type": "scheduled",
                "starts_at": "2026-12-01T09:00",
                "repeats": "weekly",
                "ends_on": "2026-12-31",
            },
            "Every week, from Dec. 1, 2026, 9 a.m. until Dec. 31, 2026",
        ),
        (
            SCHEDULED | {"scheduled-repeats": "once"},
            {
                "type": "scheduled",
                "starts_at": "2026-12-01T09:00",
                "repeats": "once",
                "ends_on": "",
            },
            "Once, on Dec. 1, 2026, 9 a.m.",
        ),
        (
            ACTION,
            {
                "type": "action",
                "trigger": "custom_event",
                "name": "signed_up",
                "opens_at": "2026-12-01T09:00",
                "closes_at": "",
            },
            "Performs custom event “signed_up”, from Dec. 1, 2026, 9 a.m.",
        ),
        (
            ACTION | {"action-trigger": "purchase", "action-closes_at": "2027-01-01T00:00"},
            {
                "type": "action",
                "trigger": "purchase",
                "name": "",
                "opens_at": "2026-12-01T09:00",
                "closes_at": "2027-01-01T00:00",
            },
            "Makes purchase, from Dec. 1, 2026, 9 a.m. until Jan. 1, 2027, midnight",
        ),
        (
            {"name": "Welcome", "entry_type": "api"},
            {"type": "api"},
            "When your own server names them in an API call",
        ),
    ],
)
def test_an_entry_is_stored_and_said_in_words(
    marketer_client: Client,
    workspace: Workspace,
    posted: dict[str, str],
    entry: dict[str, str],
    sentence: str,
) -> None:
    answer = marketer_client.post(NEW, posted)
    canvas = Canvas.objects.get()
    assert answer["Location"] == f"/w/acme/canvas/{canvas.pk}/audience/"
    assert (canvas.entry, entry_sentence(canvas.entry)) == (entry, sentence)
    assert sentence in marketer_client.get(canvas.get_absolute_url()).text
    assert AuditEntry.objects.get().action == "Added Canvas"


def test_times_stay_those_of_the_wall_clock(marketer_client: Client, workspace: Workspace) -> None:
    marketer_client.post(NEW, SCHEDULED)
    workspace.time_zone = "Asia/Tokyo"
    workspace.save()
    page = marketer_client.get(Canvas.objects.get().edit_url)
    assert 'value="2026-12-01T09:00"' in page.text
    assert "Asia/Tokyo" in page.text


@pytest.mark.parametrize(
    ("posted", "errors"),
    [
        (
            {"entry_type": "scheduled", "scheduled-repeats": "once"},
            {"starts_at": ["This field is required."]},
        ),
        (
            SCHEDULED | {"scheduled-ends_on": "2026-11-30"},
            {"ends_on": ["The last day comes before the first."]},
        ),
        (
            ACTION | {"action-name": ""},
            {"name": ["Name the event or attribute that makes users enter."]},
        ),
        (
            ACTION | {"action-closes_at": "2026-12-01T09:00"},
            {"closes_at": ["The window closes before it opens."]},
        ),
    ],
)
def test_only_the_chosen_way_to_enter_is_judged(
    marketer_client: Client, workspace: Workspace, posted: dict[str, str], errors: dict[str, Any]
) -> None:
    answer = marketer_client.post(NEW, {"name": "Welcome"} | posted)
    forms = answer.context["entry"].forms
    assert forms.pop(posted["entry_type"]).errors == errors
    assert [form.errors for form in forms.values()] == [{}, {}]
    assert not Canvas.objects.exists()


def test_a_way_to_enter_that_does_not_exist_is_refused(
    marketer_client: Client, workspace: Workspace
) -> None:
    answer = marketer_client.post(NEW, SCHEDULED | {"entry_type": "magic"})
    assert list(answer.context["form"].errors) == ["entry_type"]
    assert 'value="2026-12-01T09:00"' in answer.text


def test_a_canvas_has_an_audience_and_exit_criteria(
    marketer_client: Client, canvas: Canvas, french: Segment
) -> None:
    posted = {"segments": [french.pk], "send_to": "subscribed"}
    posted |= builder_fields(("country", "any_of", "FR"))
    posted |= builder_fields(("email_available", "false"), prefix="exit")
    answer = marketer_client.post(canvas.audience_url, posted)
    assert answer["Location"] == canvas.get_absolute_url()
    canvas.refresh_from_db()
    assert canvas.tree == tree_of(leaf("country", "any_of", "FR"))
    assert canvas.exit_tree == tree_of(leaf("email_available", "false"))
    page = marketer_client.get(canvas.get_absolute_url())
    assert "Email available is false" in page.text
    assert [(r.channel.key, r.size) for r in page.context["step"].summary.numbers.reaches] == [
        ("email", Size(3)),
        ("webhook", Size(7)),
    ]


def test_the_buttons_of_one_builder_leave_the_other_alone(
    marketer_client: Client, canvas: Canvas, french: Segment
) -> None:
    posted = {"send_to": "subscribed", "action": "exit:add:g0", "exit-g0-add": "country"}
    posted |= builder_fields(("country", "any_of", "FR")) | builder_fields(prefix="exit")
    step = marketer_client.post(canvas.audience_url, posted).context["step"]
    assert [len(builder.groups[0].filters) for builder in step.builders.values()] == [1, 1]
    assert step.summary.numbers.total == Size(7)


def test_exit_criteria_must_be_complete(marketer_client: Client, canvas: Canvas) -> None:
    posted = {"send_to": "subscribed"} | builder_fields()
    posted |= builder_fields(("country", "any_of", ""), prefix="exit")
    answer = marketer_client.post(canvas.audience_url, posted)
    assert "Some filters are not complete." in answer.text


def test_a_canvas_without_an_entry_says_so(marketer_client: Client, canvas: Canvas) -> None:
    assert "Not chosen yet" in marketer_client.get(canvas.get_absolute_url()).text


def test_a_canvas_is_archived_and_brought_back(marketer_client: Client, canvas: Canvas) -> None:
    marketer_client.post(canvas.archive_url)
    assert Canvas.objects.archived().get() == canvas
    assert marketer_client.get(canvas.edit_url)["Location"] == canvas.get_absolute_url()
    marketer_client.post(canvas.archive_url)
    assert Canvas.objects.active().get() == canvas
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["Archived Canvas", "Unarchived Canvas"]


def pages(canvas: Canvas) -> list[str]:
    return [canvas.edit_url, canvas.audience_url, canvas.archive_url, NEW]


def test_an_analyst_reads_but_does_not_edit(analyst_client: Client, canvas: Canvas) -> None:
    assert analyst_client.get(canvas.get_absolute_url()).status_code == 200
    assert [analyst_client.get(url).status_code for url in pages(canvas)] == [403] * 4
    assert [analyst_client.post(url, ACTION).status_code for url in pages(canvas)] == [403] * 4


def test_a_stranger_gets_404(stranger_client: Client, canvas: Canvas) -> None:
    urls = [canvas.get_absolute_url(), *pages(canvas)]
    assert [stranger_client.get(url).status_code for url in urls] == [404] * 5
    assert [stranger_client.post(url, ACTION).status_code for url in urls] == [404] * 5
