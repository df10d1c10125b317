"""A partner's cohorts: how many are in them, and how they are emptied."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cohorts import clearing, tasks
from cohorts.models import Cohort, CohortMembership, Partner
from profiles.models import Profile
from tests.worlds.factories import CohortFactory, CohortImportFactory, ProfileFactory
from tests.worlds.waiting_jobs import jobs_of
from workspaces.models import AuditEntry

HEAP = "/w/acme/partners/heap/"


def cohort_of(workspace, *, inside: int = 0, left: int = 0, **fields) -> Cohort:
    cohort = CohortFactory(workspace=workspace, **fields)
    people = ProfileFactory.create_batch(inside + left, workspace=workspace)
    CohortMembership.objects.bulk_create(
        CohortMembership(
            cohort=cohort, profile=person, active=number < inside, entered_at=timezone.now()
        )
        for number, person in enumerate(people)
    )
    return cohort


def test_size_counts_those_who_are_in_now(workspace):
    cohort_of(workspace, inside=3, left=2, name="A")
    cohort_of(workspace, name="B")
    assert list(Cohort.objects.with_size().values_list("name", "size")) == [("A", 3), ("B", 0)]


def test_partner_page_lists_six_cohorts_synced_last_first(analyst_client, workspace):
    CohortFactory.create_batch(6, workspace=workspace)
    last = CohortFactory(workspace=workspace, last_sync_at=timezone.now())
    CohortFactory(partner=Partner.objects.get(slug="segment"), workspace=workspace)
    page = analyst_client.get(HEAP)
    assert (page.context["cohorts"][0], len(page.context["cohorts"])) == (last, 6)
    assert "All 7 cohorts" in page.content.decode()


def test_cohort_list_costs_the_same_with_one_and_three(
    analyst_client, workspace, django_assert_num_queries
):
    for number in range(3):
        cohort_of(workspace, inside=number, cohort_id=f"c{number}")
        if number != 1:
            with django_assert_num_queries(6):
                analyst_client.get(f"{HEAP}cohorts/")


def test_cohort_list_is_searched_by_name(analyst_client, workspace):
    found = CohortFactory(workspace=workspace, name="Trial drop-offs")
    CohortFactory(workspace=workspace, name="Others")
    assert list(analyst_client.get(f"{HEAP}cohorts/", {"q": "trial"}).context["page"]) == [found]


def test_cohort_page_shows_size_and_calls(analyst_client, workspace):
    cohort = cohort_of(workspace, inside=2, left=1)
    call = CohortImportFactory(workspace=workspace, cohort=cohort)
    page = analyst_client.get(f"{HEAP}cohorts/{cohort.pk}/")
    assert (page.context["cohort"].size, list(page.context["calls"])) == (2, [call])


def test_cohort_is_404_for_strangers_and_under_another_partner(
    admin_client, stranger_client, workspace
):
    cohort, elsewhere = CohortFactory(workspace=workspace), CohortFactory()
    for page in ("", "clear/"):
        assert stranger_client.get(f"{HEAP}cohorts/{cohort.pk}/{page}").status_code == 404
        assert stranger_client.post(f"{HEAP}cohorts/{cohort.pk}/{page}").status_code == 404
        assert admin_client.get(f"{HEAP}cohorts/{elsewhere.pk}/{page}").status_code == 404
        url = f"/w/acme/partners/segment/cohorts/{cohort.pk}/{page}"
        assert admin_client.get(url).status_code == 404


def test_clearing_is_for_admins(analyst_client, marketer_client, workspace):
    cohort = cohort_of(workspace, inside=1)
    url = f"{HEAP}cohorts/{cohort.pk}/clear/"
    for client in (analyst_client, marketer_client):
        assert (client.get(url).status_code, client.post(url).status_code) == (403, 403)
        assert "Clear cohort" not in client.get(f"{HEAP}cohorts/{cohort.pk}/").content.decode()
    assert cohort.memberships.filter(active=True).count() == 1


def test_clearing_says_what_will_happen_and_changes_nothing_yet(admin_client, workspace):
    cohort = cohort_of(workspace, inside=2)
    text = admin_client.get(f"{HEAP}cohorts/{cohort.pk}/clear/").content.decode()
    assert "2 people leave the cohort at once." in text
    assert cohort.memberships.filter(active=True).count() == 2


def test_clearing_lets_everybody_leave_and_keeps_their_past(admin_client, workspace):
    cohort, other = cohort_of(workspace, inside=2, left=1), cohort_of(workspace, inside=1)
    admin_client.post(f"{HEAP}cohorts/{cohort.pk}/clear/")
    assert cohort.memberships.filter(active=False).count() == 3
    assert cohort.memberships.filter(left_at=None).count() == 1
    assert other.memberships.filter(active=True).count() == 1
    assert Profile.objects.count() == 4


def test_clearing_is_on_record(admin_client, admin, workspace):
    cohort = cohort_of(workspace, inside=2, cohort_id="c-1", name="Trial")
    admin_client.post(f"{HEAP}cohorts/{cohort.pk}/clear/")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject, entry.actor) == ("Cleared Cohort", "Trial", admin.user)
    assert entry.detail == {"partner": "Heap", "cohort_id": "c-1", "members": 2}


def test_a_large_cohort_is_cleared_by_a_job_in_portions(
    admin_client, workspace, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(clearing, "PORTION", 2)
    cohort = cohort_of(workspace, inside=5, name="Trial")
    admin_client.post(f"{HEAP}cohorts/{cohort.pk}/clear/")
    assert AuditEntry.objects.get().detail["members"] == 5
    assert "is being cleared" in admin_client.get(f"{HEAP}cohorts/{cohort.pk}/").content.decode()
    assert len(jobs_of(clearing.TASK)) == 1
    late = CohortMembership.objects.create(
        cohort=cohort,
        profile=ProfileFactory(workspace=workspace),
        active=True,
        entered_at=timezone.now() + timedelta(seconds=1),
    )
    # To find it, three portions, to see that none is left, and to say so.
    with django_assert_num_queries(6):
        tasks.go_on_clearing(timestamp=0)
    assert list(cohort.memberships.filter(active=True)) == [late]
    assert (
        "is being cleared" not in admin_client.get(f"{HEAP}cohorts/{cohort.pk}/").content.decode()
    )


def test_two_large_cohorts_are_cleared_one_after_the_other(admin_client, workspace, monkeypatch):
    monkeypatch.setattr(clearing, "PORTION", 2)
    for name in ("A", "B"):
        cohort = cohort_of(workspace, inside=3, name=name)
        assert admin_client.post(f"{HEAP}cohorts/{cohort.pk}/clear/").status_code == 302
    # One is done at a time, and leaves the other slots of a worker to others.
    assert [job.lock for job in jobs_of(clearing.TASK)] == ["cohorts.go_on_clearing"]
    tasks.go_on_clearing(timestamp=0)
    assert not CohortMembership.objects.filter(active=True).exists()


def test_a_large_cohort_delays_no_other_that_is_cleared(workspace, monkeypatch):
    monkeypatch.setattr(clearing, "PORTION", 2)
    large, small = (
        cohort_of(workspace, inside=6, name="A"),
        cohort_of(workspace, inside=2, name="B"),
    )
    Cohort.objects.update(clearing_since=timezone.now())
    with CaptureQueriesContext(connection) as captured:
        tasks.go_on_clearing(timestamp=0)
    portions = [each["sql"] for each in captured if "as leaving" in each["sql"]]
    cleared = [pk for sql in portions for pk in (large.pk, small.pk) if f"cohort_id = {pk} " in sql]
    assert cleared == [large.pk, small.pk, large.pk, small.pk, large.pk, large.pk]


def test_clearing_takes_one_statement(workspace, django_assert_num_queries):
    cohort = cohort_of(workspace, inside=3)
    with django_assert_num_queries(1):
        assert cohort.clear(timezone.now()) == 3
