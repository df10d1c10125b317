"""Campaigns: the first step, the summary, archiving, and who may do what."""

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign
from segments.audiences.estimates import Size
from tests.worlds.factories import WorkspaceFactory
from tests.worlds.targeting_world import leaf, make_people, tree_of
from workspaces.models import AuditEntry, Workspace

NEW = "/w/acme/campaigns/new/"
EMAIL = {
    "name": "Win back",
    "description": "Three days later",
    "tags": "trial, win-back, trial",
    "channel": "email",
    "email-subject": "We miss you",
    "email-preheader": "Really",
    "email-from_name": "Ada",
    "email-body": "Hello,\n\ncome back.",
}
WEBHOOK = {
    "name": "Tell the CRM",
    "channel": "webhook",
    "webhook-url": "https://crm.example.com/users/{{${user_id}}}",
    "webhook-method": "PUT",
    "webhook-headers": "Content-Type: application/json\n\nX-Trace:  a:b ",
    "webhook-body": "{}",
}


@pytest.fixture
def campaign(workspace: Workspace) -> Campaign:
    return Campaign.objects.create(workspace=workspace, name="Win back")


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_a_campaign_is_created_and_leads_to_its_audience(
    marketer_client: Client, workspace: Workspace
) -> None:
    answer = marketer_client.post(NEW, EMAIL | {"then": "audience"})
    campaign = Campaign.objects.get()
    assert answer["Location"] == f"/w/acme/campaigns/{campaign.pk}/audience/"
    assert (campaign.name, campaign.tags) == ("Win back", ["trial", "win-back"])
    assert campaign.message == {
        "from_name": "Ada",
        "subject": "We miss you",
        "preheader": "Really",
        "body": "Hello,\n\ncome back.",
    }
    assert campaign.created_by == campaign.updated_by is not None
    assert actions() == ["Added Campaign"]


def test_a_draft_can_be_saved_to_go_on_later(marketer_client: Client, workspace: Workspace) -> None:
    answer = marketer_client.post(NEW, {"name": "Idea", "channel": "email", "then": "summary"})
    campaign = Campaign.objects.get()
    assert answer["Location"] == f"/w/acme/campaigns/{campaign.pk}/"
    page = marketer_client.get(answer["Location"])
    assert page.context["missing"] == ["Subject", "Body"]
    assert "Launching is not available yet" in page.text


def test_a_webhook_keeps_its_headers_as_pairs(
    marketer_client: Client, workspace: Workspace
) -> None:
    marketer_client.post(NEW, WEBHOOK)
    campaign = Campaign.objects.get()
    assert campaign.message == {
        "url": "https://crm.example.com/users/{{${user_id}}}",
        "method": "PUT",
        "headers": [["Content-Type", "application/json"], ["X-Trace", "a:b"]],
        "body": "{}",
    }
    form = marketer_client.get(campaign.edit_url).context["message"].forms["webhook"]
    assert form["headers"].value() == "Content-Type: application/json\nX-Trace: a:b"


def test_only_the_chosen_channel_is_judged_and_kept(
    marketer_client: Client, workspace: Workspace
) -> None:
    marketer_client.post(NEW, EMAIL | {"webhook-url": "nonsense"})
    assert "url" not in Campaign.objects.get().message


@pytest.mark.parametrize(
    ("change", "field", "error"),
    [
        (
            {"webhook-url": "ftp://x"},
            "url",
            "Enter an address that begins with https:// or http://.",
        ),
        (
            {"webhook-headers": "no colon"},
            "headers",
            "“no colon” is not a header: write “Name: value”.",
        ),
        (
            {"webhook-headers": "Bad name: x"},
            "headers",
            "“Bad name: x” is not a header: write “Name: value”.",
        ),
        ({"webhook-body": "a\0b"}, "body", "Null characters are not allowed."),
    ],
)
def test_what_is_wrong_with_a_webhook_is_said_beside_the_field(
    marketer_client: Client, workspace: Workspace, change: dict[str, str], field: str, error: str
) -> None:
    answer = marketer_client.post(NEW, WEBHOOK | change)
    assert answer.context["message"].forms["webhook"].errors == {field: [error]}
    assert not Campaign.objects.exists()


def test_a_name_is_required_and_what_was_typed_stays(
    marketer_client: Client, workspace: Workspace
) -> None:
    answer = marketer_client.post(NEW, EMAIL | {"name": "", "webhook-url": "https://typed"})
    assert answer.context["form"].errors == {"name": ["This field is required."]}
    assert 'value="We miss you"' in answer.text
    assert 'value="https://typed"' in answer.text


def test_an_unknown_channel_is_refused(marketer_client: Client, workspace: Workspace) -> None:
    answer = marketer_client.post(NEW, EMAIL | {"channel": "pigeon"})
    assert list(answer.context["form"].errors) == ["channel"]


def test_a_campaign_is_edited(marketer_client: Client, campaign: Campaign) -> None:
    page = marketer_client.get(campaign.edit_url)
    assert page.context["form"]["name"].value() == "Win back"
    marketer_client.post(campaign.edit_url, EMAIL | {"name": "Win them back"})
    campaign.refresh_from_db()
    assert (campaign.name, campaign.message["subject"]) == ("Win them back", "We miss you")
    assert actions() == ["Edited Campaign"]


def test_two_campaigns_may_have_one_name(marketer_client: Client, campaign: Campaign) -> None:
    marketer_client.post(NEW, EMAIL)
    assert Campaign.objects.filter(name="Win back").count() == 2


def test_the_summary_says_what_is_sent_to_whom(marketer_client: Client, campaign: Campaign) -> None:
    french, trial = make_people(campaign.workspace)
    campaign.segments.set([french, trial])
    campaign.message = {"subject": "We miss you", "body": "Come back"}
    campaign.tree = tree_of(leaf("email", "not_blank"))
    campaign.save()
    page = marketer_client.get(campaign.get_absolute_url())
    assert page.context["rows"] == [("Subject", "We miss you"), ("Body", "Come back")]
    step = page.context["step"]
    assert step.sentence == ("Everyone in “French” and “Trial” for whom Email address is not blank")
    assert [(r.channel.key, r.size) for r in step.summary.numbers.reaches] == [
        ("email", Size(2)),
        ("webhook", Size(5)),
    ]
    assert '<dd id="reach-email">2</dd>' in page.text


def test_a_campaign_without_an_audience_is_told_to_mean_everyone(
    marketer_client: Client, campaign: Campaign
) -> None:
    page = marketer_client.get(campaign.get_absolute_url())
    assert "Until you choose segments or filters, everyone is meant." in page.text


def test_a_campaign_is_archived_and_brought_back(
    marketer_client: Client, campaign: Campaign
) -> None:
    assert "Archive Win back?" in marketer_client.get(campaign.archive_url).text
    marketer_client.post(campaign.archive_url)
    assert Campaign.objects.archived().get() == campaign
    assert "Unarchive Win back?" in marketer_client.get(campaign.archive_url).text
    marketer_client.post(campaign.archive_url)
    assert Campaign.objects.active().get() == campaign
    assert actions() == ["Archived Campaign", "Unarchived Campaign"]


def test_archiving_twice_at_once_is_one_entry(workspace: Workspace, campaign: Campaign) -> None:
    same = Campaign.objects.get()
    assert [campaign.archive(), same.archive()] == [True, False]
    assert [campaign.unarchive(), same.unarchive()] == [True, False]


@pytest.mark.parametrize("page", ["edit_url", "audience_url"])
def test_an_archived_campaign_is_not_edited(
    marketer_client: Client, campaign: Campaign, page: str
) -> None:
    campaign.archive()
    answer = marketer_client.post(getattr(campaign, page), EMAIL, follow=True)
    assert answer.redirect_chain == [(campaign.get_absolute_url(), 302)]
    assert "It is archived: unarchive it to edit it." in answer.text
    assert Campaign.objects.get().message == {}


def pages(campaign: Campaign) -> list[str]:
    return [campaign.edit_url, campaign.audience_url, campaign.archive_url, NEW]


def test_an_analyst_reads_but_does_not_edit(analyst_client: Client, campaign: Campaign) -> None:
    page = analyst_client.get(campaign.get_absolute_url())
    assert page.status_code == 200
    assert campaign.edit_url not in page.text
    assert [analyst_client.get(url).status_code for url in pages(campaign)] == [403] * 4
    assert [analyst_client.post(url, EMAIL).status_code for url in pages(campaign)] == [403] * 4


def test_a_stranger_gets_404(stranger_client: Client, campaign: Campaign) -> None:
    urls = [campaign.get_absolute_url(), *pages(campaign)]
    assert [stranger_client.get(url).status_code for url in urls] == [404] * 5
    assert [stranger_client.post(url, EMAIL).status_code for url in urls] == [404] * 5


def test_a_campaign_of_another_workspace_is_not_found(
    marketer_client: Client, campaign: Campaign
) -> None:
    Campaign.objects.update(workspace=WorkspaceFactory())
    urls = [campaign.get_absolute_url(), *pages(campaign)[:3]]
    assert [marketer_client.get(url).status_code for url in urls] == [404] * 4


def test_no_page_offers_to_launch(marketer_client: Client, campaign: Campaign) -> None:
    urls: list[Any] = [campaign.get_absolute_url(), *pages(campaign)]
    assert ["Launch Campaign" in marketer_client.get(url).text for url in urls] == [False] * 5
