"""Daily sizes of segments, and how old their data is."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from profiles import clock
from profiles.models import Profile, Tick
from segments.models import Segment, SegmentSize
from segments.sizes import daily
from segments.sizes.daily import record_sizes
from segments.tasks import record_all_sizes
from segments.tasks import record_sizes as record_sizes_task
from tests.segments.test_segment_pages import FRENCH, NEW, builder
from tests.worlds.factories import CohortFactory, ProfileFactory, SegmentFactory
from tests.worlds.markup import squeezed
from tests.worlds.waiting_jobs import jobs_of
from workspaces.models import Workspace

FRENCH_TREE = {
    "groups": [{"filters": [{"filter": "country", "operator": "any_of", "value": ["FR"]}]}]
}


@pytest.fixture
def french(workspace: Workspace) -> Segment:
    return SegmentFactory(workspace=workspace, name="French", tree=FRENCH_TREE)


def recorded(segment: Segment) -> list[tuple[int, int, int]]:
    return [(each.size, each.entered, each.left) for each in segment.daily_sizes.all()]


def put_back(days: int) -> None:
    """Make all that is recorded so many days older."""
    for each in SegmentSize.objects.order_by("day"):
        SegmentSize.objects.filter(pk=each.pk).update(day=each.day - timedelta(days=days))


def test_a_day_is_compared_with_the_day_before(french: Segment) -> None:
    stays, leaves = (ProfileFactory(workspace=french.workspace, country="FR") for _ in range(2))
    record_sizes(french.workspace)
    put_back(1)
    Profile.objects.filter(pk=leaves.pk).update(country="DE")
    for _ in range(2):
        ProfileFactory(workspace=french.workspace, country="FR")
    record_sizes(french.workspace)
    assert recorded(french) == [(2, 0, 0), (3, 2, 1)]


def test_a_day_that_is_recorded_again_is_written_anew(french: Segment) -> None:
    record_sizes(french.workspace)
    ProfileFactory(workspace=french.workspace, country="FR")
    record_sizes(french.workspace)
    assert recorded(french) == [(1, 0, 0)]


def test_days_on_which_nothing_ran_are_bridged(french: Segment) -> None:
    record_sizes(french.workspace)
    put_back(5)
    ProfileFactory(workspace=french.workspace, country="FR")
    record_sizes(french.workspace)
    assert recorded(french) == [(0, 0, 0), (1, 1, 0)]


def test_members_are_kept_for_two_days(french: Segment) -> None:
    for _ in range(4):
        put_back(1)
        record_sizes(french.workspace)
    kept = [each.members is not None for each in french.daily_sizes.all()]
    assert kept == [False, False, True, True]


def test_the_day_is_that_of_the_workspace(french: Segment) -> None:
    Workspace.objects.filter(pk=french.workspace_id).update(time_zone="Pacific/Kiritimati")
    record_sizes(Workspace.objects.get(pk=french.workspace_id))
    east = (timezone.now() + timedelta(hours=14)).date()
    assert [each.day for each in french.daily_sizes.all()] == [east]


def test_one_that_cannot_be_answered_does_not_stop_the_others(french: Segment) -> None:
    broken = {"filter": "nonsense", "operator": "is", "value": []}
    SegmentFactory(workspace=french.workspace, tree={"groups": [{"filters": [broken]}]})
    SegmentFactory(workspace=french.workspace, archived_at=timezone.now())
    assert record_sizes(french.workspace) == 1


@pytest.mark.parametrize("portion", [1, 2**20])
def test_segments_are_recorded_a_few_at_a_time(
    french: Segment, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    held: list[int] = []
    write = daily._write
    monkeypatch.setattr(daily, "PORTION_BYTES", portion)
    monkeypatch.setattr(daily, "_write", lambda some: held.append(len(some)) or write(some))
    ProfileFactory(workspace=french.workspace, country="FR")
    for _ in range(2):
        SegmentFactory(workspace=french.workspace, tree=FRENCH_TREE)
    assert record_sizes(french.workspace) == 3
    assert held == ([1, 1, 1] if portion == 1 else [3])
    assert [each.size for each in SegmentSize.objects.all()] == [1, 1, 1]


def test_the_clock_records_every_workspace(french: Segment) -> None:
    record_all_sizes(timestamp=0)
    record_all_sizes(timestamp=0)
    jobs = jobs_of("segments.tasks.record_sizes")
    assert [job.args for job in jobs] == [{"workspace_id": french.workspace_id}]
    record_sizes_task(**jobs[0].args)
    assert recorded(french) == [(0, 0, 0)]


def test_saving_has_the_size_recorded(marketer_client: Client, workspace: Workspace) -> None:
    marketer_client.post(NEW, {"name": "French"} | builder([FRENCH]))
    [job] = jobs_of("segments.tasks.record_sizes")
    record_sizes_task(**job.args)
    assert recorded(Segment.objects.get()) == [(0, 0, 0)]


@pytest.mark.parametrize(("asked", "shown"), [("", 30), ("90", 90), ("365", 365), ("7", 30)])
def test_the_page_shows_the_days_asked_for(
    analyst_client: Client, french: Segment, asked: str, shown: int
) -> None:
    today = timezone.localdate()
    for days in (0, 29, 30, 89, 90, 364, 365):
        day = today - timedelta(days=days)
        SegmentSize.objects.create(segment=french, day=day, size=days)
    page = analyst_client.get(french.get_absolute_url(), {"days": asked})
    assert all(today - each.day < timedelta(days=shown) for each in page.context["daily_sizes"])
    assert page.context["daily_sizes"][0].day == today - timedelta(days=shown - 1)


def test_the_numbers_stand_in_a_table_too(analyst_client: Client, french: Segment) -> None:
    day = timezone.localdate()
    SegmentSize.objects.create(segment=french, day=day, size=1234, entered=5, left=6)
    page = squeezed(analyst_client.get(french.get_absolute_url()).text)
    for cell in ('data-size="1234">1,234<', 'data-entered="5">5<', 'data-left="6">6<'):
        assert page.count(cell) == 1


def test_a_segment_without_a_record_loads_no_chart(analyst_client: Client, french: Segment) -> None:
    page = analyst_client.get(french.get_absolute_url()).text
    assert "No day is recorded yet." in page
    assert "chart" not in "".join(part.split(">")[0] for part in page.split("<script")[1:])


def test_the_page_says_how_old_the_sync_is(analyst_client: Client, workspace: Workspace) -> None:
    Tick.objects.all().delete()  # of a worker that another test ran
    synced = timezone.now() - timedelta(hours=3)
    cohorts = [
        CohortFactory(workspace=workspace, name="Trial drop-offs", last_sync_at=synced),
        CohortFactory(workspace=workspace, name="Power users"),
        CohortFactory(workspace=workspace, name="Not asked", last_sync_at=timezone.now()),
    ]
    value = [str(cohort.pk) for cohort in cohorts[:2]]
    leaf = {"filter": "cohort:heap", "operator": "includes_any", "value": value}
    inner = SegmentFactory(workspace=workspace, tree={"groups": [{"filters": [leaf]}]})
    outer = SegmentFactory(workspace=workspace)
    outer.nested.add(inner)
    Segment.objects.update(updated_at=synced - timedelta(days=1))
    known = analyst_client.get(outer.get_absolute_url()).context["freshness"]
    assert [(source.name, source.at) for source in known.sources] == [
        ("Heap: Power users", None),
        ("Heap: Trial drop-offs", synced),
    ]
    assert known.edited_at == synced - timedelta(days=1)
    assert (known.changed_since, known.unchanged_since) == (None, None)


@pytest.mark.django_db(transaction=True)
def test_the_page_says_since_when_its_data_stands(
    analyst_client: Client, french: Segment, workspace: Workspace
) -> None:
    def said() -> tuple[bool, bool]:
        known = analyst_client.get(french.get_absolute_url()).context["freshness"]
        return known.changed_since is not None, known.unchanged_since is not None

    person = ProfileFactory(workspace=workspace, country="FR")
    # As a tick of two minutes ago would, had nothing else run on this server then.
    over = Profile.objects.get(pk=person.pk).changed + 1
    Tick.objects.create(at=timezone.now() - timedelta(minutes=2), over=over)
    assert said() == (False, True)
    ProfileFactory()  # of another workspace
    assert said() == (False, True)
    person.delete()
    assert said() == (True, False)


def test_the_clock_keeps_minutes_of_two_hours_and_hours_of_eight_days(db: None) -> None:
    Tick.objects.all().delete()  # of a worker that another test ran
    now = timezone.now()
    hour = now.replace(minute=0, second=0) - timedelta(hours=5)
    kept = [hour, now - timedelta(minutes=1)]
    gone = [hour + timedelta(minutes=30), hour - timedelta(days=9)]
    Tick.objects.bulk_create([Tick(at=at) for at in kept + gone])
    clock.tick()
    assert set(Tick.objects.order_by("at").values_list("at", flat=True)[:2]) == set(kept)
    assert Tick.objects.count() == 3
