"""The Target Audiences step: by plain posts, and answering in place."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.models import Campaign
from segments.audiences.estimates import Size
from segments.models import Segment
from tests.worlds.factories import SegmentFactory
from tests.worlds.targeting_world import (
    HAS_ADDRESS,
    UNSUBSCRIBED,
    builder_fields,
    make_people,
    tree_of,
)
from workspaces.models import AuditEntry, Workspace

HTMX = {"HX-Request": "true"}


@pytest.fixture
def french(workspace: Workspace) -> Segment:
    return make_people(workspace)[0]


@pytest.fixture
def trial(french: Segment) -> Segment:
    return Segment.objects.get(name="Trial")


@pytest.fixture
def campaign(workspace: Workspace) -> Campaign:
    return Campaign.objects.create(workspace=workspace, name="Win back")


def chosen(*segments: Segment, send_to: str = "subscribed", **fields: Any) -> dict[str, Any]:
    """Fill the step's form, with an empty builder unless ``fields`` fill it."""
    return {"segments": [s.pk for s in segments], "send_to": send_to} | builder_fields() | fields


def test_from_a_segment_to_a_reach_by_plain_posts(
    marketer_client: Client, workspace: Workspace, french: Segment, trial: Segment
) -> None:
    first = marketer_client.post(
        "/w/acme/campaigns/new/", {"name": "Win back", "channel": "email", "email-subject": "Hi"}
    )
    posted = chosen(french, trial, **builder_fields(HAS_ADDRESS, excluded=(UNSUBSCRIBED,)))
    last = marketer_client.post(first["Location"], posted)
    campaign = Campaign.objects.get()
    assert last["Location"] == f"/w/acme/campaigns/{campaign.pk}/"
    page = marketer_client.get(last["Location"])
    assert '<p class="figure-number m-0" id="audience-size">4</p>' in page.text
    assert '<dd id="reach-email">2</dd>' in page.text
    assert [(s.size, s.left) for s in page.context["step"].summary.stages] == [
        (Size(7), Size(7)),
        (Size(8), Size(6)),
        (Size(9), Size(5)),
        (Size(1), Size(4)),
    ]


def test_the_choices_are_stored(
    marketer_client: Client, campaign: Campaign, french: Segment, trial: Segment
) -> None:
    posted = chosen(french, send_to="opted_in", **builder_fields(HAS_ADDRESS))
    marketer_client.post(campaign.audience_url, posted)
    campaign.refresh_from_db()
    assert list(campaign.segments.all()) == [french]
    assert campaign.send_to == "opted_in"
    assert campaign.tree == tree_of({"filter": "email", "operator": "not_blank", "value": []})
    assert campaign.updated_by is not None
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.detail["step"]) == ("Edited Campaign", "Target Audiences")


def test_the_step_shows_what_was_stored(
    marketer_client: Client, campaign: Campaign, french: Segment, trial: Segment
) -> None:
    marketer_client.post(campaign.audience_url, chosen(french, **builder_fields(HAS_ADDRESS)))
    step = marketer_client.get(campaign.audience_url).context["step"]
    assert step.form.chosen == (french,)
    assert step.tree.groups[0].filters[0].size == Size(9)
    assert step.summary.numbers.total == Size(6)


def test_numbers_follow_every_change_and_nothing_is_saved(
    marketer_client: Client, campaign: Campaign, french: Segment, trial: Segment
) -> None:
    answer = marketer_client.post(campaign.audience_url, chosen(french, trial), headers=HTMX)
    assert '<p class="figure-number m-0" id="audience-size">6</p>' in answer.text
    assert 'id="audience-summary" aria-labelledby="summary-title" hx-swap-oob="true"' in answer.text
    assert "<h1" not in answer.text
    assert list(campaign.segments.all()) == []


@pytest.mark.parametrize(("send_to", "by_email"), [("subscribed", 2), ("everyone", 3)])
def test_the_subscription_setting_answers_in_place(
    marketer_client: Client,
    campaign: Campaign,
    french: Segment,
    trial: Segment,
    send_to: str,
    by_email: int,
) -> None:
    posted = chosen(french, trial, send_to=send_to)
    answer = marketer_client.post(campaign.audience_url, posted, headers=HTMX)
    assert f'<dd id="reach-email">{by_email}</dd>' in answer.text


def test_a_builder_button_adds_a_filter_and_keeps_the_segments(
    marketer_client: Client, campaign: Campaign, french: Segment
) -> None:
    posted = chosen(french, action="tree:add:g0", **{"tree-g0-add": "country"})
    answer = marketer_client.post(campaign.audience_url, posted)
    step = answer.context["step"]
    assert [leaf.key for leaf in step.tree.groups[0].filters] == ["country"]
    assert step.form.chosen == (french,)
    assert list(campaign.segments.all()) == []


def test_a_builder_button_answers_htmx_with_the_step_alone(
    marketer_client: Client, campaign: Campaign, french: Segment
) -> None:
    posted = chosen(french, action="tree:add-exclusion")
    answer = marketer_client.post(campaign.audience_url, posted, headers=HTMX)
    assert answer.text.startswith('<div id="audience"')
    assert "Exclusion group 1" in answer.text


def test_the_update_button_works_without_a_script(
    marketer_client: Client, campaign: Campaign, french: Segment
) -> None:
    answer = marketer_client.post(campaign.audience_url, chosen(french, action="tree:refresh"))
    assert '<p class="figure-number m-0" id="audience-size">7</p>' in answer.text
    assert list(campaign.segments.all()) == []


def test_an_incomplete_filter_is_not_saved(
    marketer_client: Client, campaign: Campaign, french: Segment
) -> None:
    posted = chosen(french, **builder_fields(("country", "any_of", "")))
    answer = marketer_client.post(campaign.audience_url, posted)
    assert "Some filters are not complete." in answer.text
    assert list(campaign.segments.all()) == []


def test_a_segment_of_another_workspace_is_refused(
    marketer_client: Client, campaign: Campaign, french: Segment
) -> None:
    foreign = SegmentFactory(name="Foreign")
    answer = marketer_client.post(campaign.audience_url, chosen(french, foreign))
    assert answer.context["step"].form.errors == {
        "segments": [f"Select a valid choice. {foreign.pk} is not one of the available choices."]
    }
    assert "Foreign" not in answer.text
    assert list(campaign.segments.all()) == []


def test_an_unknown_subscription_setting_is_refused(
    marketer_client: Client, campaign: Campaign
) -> None:
    answer = marketer_client.post(campaign.audience_url, chosen(send_to="nobody"))
    assert list(answer.context["step"].form.errors) == ["send_to"]


def test_an_archived_segment_is_offered_only_where_it_was_chosen(
    marketer_client: Client, campaign: Campaign, french: Segment
) -> None:
    Segment.objects.filter(pk=french.pk).update(archived_at=timezone.now())
    assert "French" not in marketer_client.get(campaign.audience_url).text
    campaign.segments.add(french)
    page = marketer_client.get(campaign.audience_url)
    assert "French (archived)" in page.text
    assert "A chosen segment is archived." in page.text
    assert marketer_client.post(campaign.audience_url, chosen(french)).status_code == 302


def test_a_filter_that_names_a_gone_segment_is_said_not_to_answer(
    marketer_client: Client, campaign: Campaign, french: Segment
) -> None:
    gone = {"filter": "segment", "operator": "includes_any", "value": [str(french.pk)]}
    Campaign.objects.update(tree=tree_of(gone))
    french.delete()
    for url in (campaign.audience_url, campaign.get_absolute_url(), "/w/acme/campaigns/"):
        assert marketer_client.get(url).status_code == 200
    page = marketer_client.get(campaign.get_absolute_url())
    assert "This audience cannot be measured" in page.text
