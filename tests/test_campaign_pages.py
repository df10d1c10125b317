"""Campaigns: from the first step to the summary."""

from typing import Any

from django.test import Client

from campaigns.models import Campaign
from tests.factories import ProfileFactory, SegmentFactory
from workspaces.models import Workspace

EMAIL = {
    "name": "Spring sale",
    "tags": "sale, spring",
    "description": "",
    "channel": "email",
    "email-subject": "Hello",
    "email-body": "Come in.",
}


def test_a_campaign_goes_from_its_message_to_its_audience(
    marketer_client: Client, workspace: Workspace
) -> None:
    response = marketer_client.post("/w/acme/campaigns/new/", EMAIL)
    campaign = Campaign.objects.get()
    assert response.headers["Location"] == campaign.audience_url
    assert campaign.tags == ["sale", "spring"]
    r = marketer_client.get(campaign.audience_url)
    assert r.status_code == 200
    assert marketer_client.get(campaign.get_absolute_url()).status_code == 200
    assert marketer_client.get("/w/acme/campaigns/").status_code == 200
    assert marketer_client.get("/w/acme/canvas/").status_code == 200
    assert marketer_client.get("/w/acme/canvas/new/").status_code == 200
    assert marketer_client.get(campaign.archive_url).status_code == 200
