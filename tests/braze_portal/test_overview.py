"""The first page of a workspace: what stands in it, and what to do next."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from braze_portal import overview
from campaigns.models import Campaign, Canvas
from cohorts import ledger
from cohorts.models import CohortImport
from segments.audiences.estimates import Size
from tests.worlds.factories import (
    CohortFactory,
    CohortImportFactory,
    ProfileFactory,
    SegmentFactory,
    import_key,
)
from workspaces.models import Workspace

PAGE = "/w/acme/"


def test_the_figures_are_those_of_the_workspace(
    analyst_client: Client, workspace: Workspace
) -> None:
    ProfileFactory.create_batch(2, workspace=workspace)
    ProfileFactory(workspace=workspace, external_id=None)
    segment = SegmentFactory(workspace=workspace)
    CohortFactory(workspace=workspace)
    Campaign.objects.create(workspace=workspace, name="Welcome").segments.add(segment)
    tree = {"groups": [{"filters": [{"filter": "email_available"}]}]}
    Canvas.objects.create(workspace=workspace, name="Onboarding", tree=tree)
    Canvas.objects.create(workspace=workspace, name="Draft", tree={"groups": []})
    for stranger in (ProfileFactory, SegmentFactory, CohortFactory):
        stranger()
    figures = analyst_client.get(PAGE).context["figures"]
    assert (figures.people, figures.identified) == (Size(3), Size(2))
    assert (figures.segments, figures.cohorts) == (1, 1)
    assert (figures.campaigns, figures.targeted_campaigns) == (1, 1)
    assert (figures.canvases, figures.targeted_canvases) == (2, 1)


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_takes_a_set_number_of_queries(
    analyst_client: Client, workspace: Workspace, count: int, django_assert_num_queries: Any
) -> None:
    for cohort in CohortFactory.create_batch(count, workspace=workspace):
        CohortImportFactory(workspace=workspace, cohort=cohort)
    with django_assert_num_queries(13):
        analyst_client.get(PAGE)


def partners(client: Client) -> list[tuple[str, int, bool]]:
    found = client.get(PAGE).context["partners"]
    return [(each.slug, each.cohort_count, each.last_sync_at is not None) for each in found]


def test_a_partner_with_a_key_waits_for_its_first_sync(
    analyst_client: Client, workspace: Workspace
) -> None:
    assert partners(analyst_client) == []
    import_key(workspace)
    assert partners(analyst_client) == [("heap", 0, False)]


def test_a_partner_is_shown_with_its_cohorts_and_last_sync(
    analyst_client: Client, workspace: Workspace
) -> None:
    CohortFactory.create_batch(2, workspace=workspace)
    CohortImportFactory(workspace=workspace)
    CohortImportFactory(workspace=workspace, outcome="refused", status=400)
    assert partners(analyst_client) == [("heap", 2, True)]


def steps(client: Client) -> list[bool]:
    return [step.done for step in client.get(PAGE).context["steps"]]


def test_the_next_steps_are_ticked_by_the_data(admin_client: Client, workspace: Workspace) -> None:
    assert steps(admin_client) == [False, False, False, False]
    import_key(workspace)
    assert steps(admin_client) == [True, False, False, False]
    CohortFactory(workspace=workspace)
    segment = SegmentFactory(workspace=workspace)
    assert steps(admin_client) == [True, True, True, False]
    Campaign.objects.create(workspace=workspace, name="Welcome").segments.add(segment)
    assert steps(admin_client) == []


def test_steps_lead_only_where_one_may_go(analyst_client: Client, admin_client: Client) -> None:
    def led(client: Client) -> list[bool]:
        return [step.url != "" for step in client.get(PAGE).context["steps"]]

    assert led(analyst_client) == [False, True, False, False]
    assert led(admin_client) == [True, True, True, True]


def test_many_people_are_counted_by_their_bitmaps(
    analyst_client: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "COUNTED_AT_ONCE", 1)
    ProfileFactory.create_batch(2, workspace=workspace)
    ProfileFactory(workspace=workspace, external_id=None)
    figures = analyst_client.get(PAGE).context["figures"]
    assert (figures.people, figures.identified) == (Size(3), Size(2))


def test_a_partner_was_synced_when_the_totals_of_its_last_day_say(
    analyst_client: Client, workspace: Workspace
) -> None:
    CohortFactory(workspace=workspace)
    CohortImportFactory(workspace=workspace)
    CohortImport.objects.update(received_at=timezone.now() - timedelta(days=20))
    ledger.prune()
    assert partners(analyst_client) == [("heap", 1, True)]
