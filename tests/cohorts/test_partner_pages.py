"""The grid of technology partners and the page of one: what they say, to whom, at what cost."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cohorts import keys
from cohorts.health import State, partner_health
from cohorts.models import CohortImport, Outcome, Partner
from tests.worlds.factories import CohortFactory, CohortImportFactory, WorkspaceFactory, import_key
from tests.worlds.markup import squeezed
from workspaces.models import Workspace

GRID = "/w/acme/partners/"
HEAP = "/w/acme/partners/heap/"


def call(workspace: Workspace, *, days: float = 0, **fields: Any) -> CohortImport:
    """A call of Heap that came in ``days`` ago."""
    made = CohortImportFactory(workspace=workspace, **fields)
    when = timezone.now() - timedelta(days=days)
    CohortImport.objects.filter(pk=made.pk).update(received_at=when)
    return made


def heap(workspace: Workspace) -> Any:
    return partner_health(workspace, Partner.objects.filter(slug="heap"))[0]


def test_grid_shows_every_partner_heap_first(analyst_client):
    shown = analyst_client.get(GRID).context["partners"]
    assert [health.partner.slug for health in shown] == list(
        Partner.objects.values_list("slug", flat=True)
    )
    assert shown[0].partner.name == "Heap"


def test_grid_costs_the_same_with_one_and_three_connected(
    analyst_client, workspace, django_assert_num_queries
):
    for connected in ("heap", "mixpanel", "segment"):
        import_key(workspace, partner=connected)
        call(workspace, partner=Partner.objects.get(slug=connected))
        with django_assert_num_queries(4):
            analyst_client.get(GRID)


def test_grid_is_searched_by_name(analyst_client):
    page = analyst_client.get(GRID, {"q": "hIGH"})
    assert [health.partner.slug for health in page.context["partners"]] == ["hightouch"]


def test_grid_says_when_nothing_is_found(analyst_client):
    page = analyst_client.get(GRID, {"q": "a\0<b>"})
    assert page.context["partners"] == []
    assert "No partner is called “a&lt;b&gt;”." in page.content.decode()


def test_grid_answers_htmx_with_the_grid_alone(analyst_client):
    page = analyst_client.get(GRID, {"q": "heap"}, headers={"HX-Request": "1", "HX-Target": "grid"})
    assert squeezed(page.text).startswith('<div id="grid"')


def test_partner_without_a_key_is_not_connected(workspace):
    call(workspace)
    assert heap(workspace).state == State.NOT_CONNECTED


@pytest.mark.parametrize(
    "ended", [{"invalidated_at": timezone.now()}, {"expires_at": timezone.now()}]
)
def test_partner_whose_key_has_ended_is_not_connected(workspace, ended):
    import_key(workspace, **ended)
    assert heap(workspace).state == State.NOT_CONNECTED


def test_partner_that_never_called_is_connected(workspace):
    import_key(workspace)
    call(workspace, outcome=Outcome.REFUSED)
    assert (heap(workspace).state, heap(workspace).last_sync_at) == (State.CONNECTED, None)


def test_partner_that_called_lately_is_active(workspace):
    import_key(workspace)
    call(workspace, days=2.9)
    assert heap(workspace).state == State.ACTIVE


def test_partner_silent_for_three_days_is_stale(workspace):
    import_key(workspace)
    call(workspace, days=3.1)
    call(workspace, days=1, outcome=Outcome.REFUSED)
    assert heap(workspace).state == State.STALE


def test_partner_that_calls_once_a_week_is_given_two(workspace):
    import_key(workspace)
    call(workspace, days=13)
    call(workspace, days=6.1)
    call(workspace, days=6)
    assert (heap(workspace).state, heap(workspace).patience_days) == (State.ACTIVE, 14)


def test_calls_of_another_workspace_do_not_count(workspace):
    other = WorkspaceFactory()
    import_key(other)
    call(other)
    call(other, outcome=Outcome.REFUSED)
    health = heap(workspace)
    assert (health.state, health.refused, health.last_sync_at) == (State.NOT_CONNECTED, 0, None)


def test_refused_calls_of_the_last_day_are_counted(workspace, analyst_client):
    for days in (0.1, 0.9, 1.1):
        call(workspace, days=days, outcome=Outcome.REFUSED)
    assert heap(workspace).refused == 2
    assert "2 calls refused in the last day" in analyst_client.get(GRID).content.decode()


@pytest.mark.parametrize("url", [GRID, HEAP, f"{HEAP}cohorts/"])
def test_pages_are_open_to_members_and_nobody_else(
    url, analyst_client, marketer_client, admin_client, stranger_client, client
):
    members = analyst_client, marketer_client, admin_client
    assert [c.get(url).status_code for c in members] == [200, 200, 200]
    assert stranger_client.get(url).status_code == 404
    assert client.get(url).url == f"/sign-in/?next={url}"


@pytest.mark.parametrize("page", ["", "keys/new/", "cohorts/"])
def test_unknown_partner_is_404(page, admin_client):
    assert admin_client.get(f"/w/acme/partners/nobody/{page}").status_code == 404


def test_partner_page_costs_the_same_with_one_and_three_rows(
    admin_client, workspace, django_assert_num_queries
):
    for number in range(3):
        key, _ = import_key(workspace, name=f"Key {number}")
        cohort = CohortFactory(workspace=workspace, cohort_id=f"c{number}")
        call(workspace, cohort=cohort, key=key)
        if number != 1:
            with django_assert_num_queries(11):
                admin_client.get(HEAP)


def test_partner_page_asks_for_a_key_first(admin_client, marketer_client):
    assert "Generate a Data Import Key: with it" in admin_client.get(HEAP).content.decode()
    assert "Ask an admin of this workspace" in marketer_client.get(HEAP).content.decode()


def test_partner_page_says_to_whom_the_key_goes(admin_client, workspace):
    import_key(workspace)
    assert "Give the key and the endpoint to your Heap account manager" in (
        admin_client.get(HEAP).content.decode()
    )


def test_rest_endpoint_is_that_of_the_request(admin_client, settings):
    settings.ALLOWED_HOSTS = ["portal.acme.example"]
    page = admin_client.get(HEAP, headers={"host": "portal.acme.example"})
    assert page.context["rest_endpoint"] == "http://portal.acme.example"


def test_rest_endpoint_is_the_setting_where_there_is_one(admin_client, settings):
    settings.REST_ENDPOINT = "https://rest.acme.example"
    page = admin_client.get(HEAP)
    assert page.context["rest_endpoint"] == "https://rest.acme.example"
    assert "curl -X POST https://rest.acme.example/partners/heap/cohorts/users" in (
        page.content.decode()
    )


def test_partner_page_warns_while_the_partner_has_no_api_key(admin_client, workspace):
    import_key(workspace)
    warning = "Heap has no partner API key on this portal yet"
    assert warning in admin_client.get(HEAP).content.decode()
    keys.issue_partner_key(Partner.objects.get(slug="heap"))
    assert warning not in admin_client.get(HEAP).content.decode()


def test_partner_page_is_kept_by_no_cache(analyst_client):
    assert "no-store" in analyst_client.get(HEAP)["Cache-Control"]
