"""What a page cannot wait for is built by one job of its workspace, the newest first."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from segments.audiences import backlog, jobs
from segments.audiences.people import people_of
from segments.filters.base import Filter
from segments.filters.everyone import EVERYONE
from segments.filters.judging import checked_leaf
from segments.models import LeafBitmap, LeafBuild
from segments.tasks import build_leaves, take_up_leaves
from tests.segments.audiences.test_audience_machine import another_connection
from tests.worlds.factories import WorkspaceFactory
from tests.worlds.targeting_world import leaf
from tests.worlds.waiting_jobs import jobs_of
from workspaces.models import Workspace

TASK = "segments.tasks.build_leaves"


def some(many: int) -> list[Filter]:
    return [checked_leaf(leaf("random_bucket", "between", n, n)) for n in range(many)]


def ask(workspace: Workspace, items: list[Filter], *, minutes_ago: int = 0) -> None:
    backlog.ask_for(workspace, {item.fingerprint(workspace): item for item in items})
    asked_at = timezone.now() - timedelta(minutes=minutes_ago)
    names = [item.fingerprint(workspace) for item in items]
    LeafBuild.objects.filter(pk__in=names).update(asked_at=asked_at)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Filter]:
    """The leaves that jobs build from now on, in their order; nothing else is done."""
    done: list[Filter] = []

    def note(asked: LeafBuild) -> None:
        done.append(checked_leaf(asked.leaf))
        LeafBuild.objects.filter(pk=asked.pk).delete()

    monkeypatch.setattr(jobs, "build", note)
    return done


@pytest.mark.parametrize("many", [3, 30])
def test_a_page_asks_for_all_at_once(
    large: Workspace, many: int, django_assert_num_queries: Any
) -> None:
    with people_of(large) as people:
        people.leaf(EVERYONE)
    with django_assert_num_queries(15), people_of(large, within=0.0) as people:
        people.prepare(some(many))
    its = [job for job in jobs_of(TASK) if job.args == {"workspace_id": large.pk}]
    assert (LeafBuild.objects.count(), len(its)) == (many, 1)


@pytest.mark.parametrize("many", [3, 30])
def test_what_is_being_built_is_asked_for_by_one_statement(
    workspace: Workspace, many: int, django_assert_num_queries: Any
) -> None:
    ask(workspace, some(many))
    with django_assert_num_queries(1):
        backlog.ask_for(workspace, {item.fingerprint(workspace): item for item in some(many)})


def test_one_job_builds_them_all(workspace: Workspace) -> None:
    ask(workspace, some(3))
    [job] = jobs_of(TASK)
    build_leaves(**job.args)
    assert (LeafBuild.objects.count(), LeafBitmap.objects.count()) == (0, 3)


def test_the_newest_is_built_first_and_what_failed_last(
    workspace: Workspace, built: list[Filter]
) -> None:
    failed, old, new = some(3)
    ask(workspace, [old], minutes_ago=5)
    ask(workspace, [new])
    ask(workspace, [failed])
    LeafBuild.objects.filter(pk=failed.fingerprint(workspace)).update(attempts=1)
    jobs.build_waiting(workspace.pk)
    assert built == [new, old, failed]


def test_what_a_killed_worker_left_is_taken_up(workspace: Workspace, built: list[Filter]) -> None:
    other, busy = WorkspaceFactory(), WorkspaceFactory()
    for place in (workspace, other, busy):
        ask(place, some(2))
    LeafBuild.objects.filter(workspace=other).update(next_try=timezone.now() + timedelta(hours=1))
    ProcrastinateJob.objects.exclude(args={"workspace_id": busy.pk}).update(status="doing")
    take_up_leaves(timestamp=0)
    waiting = ProcrastinateJob.objects.filter(task_name=TASK, status="todo")
    assert {job.args["workspace_id"] for job in waiting} == {workspace.pk, busy.pk}
    assert waiting.count() == 2


def test_a_workspace_has_its_leaves_built_by_one_job_at_a_time(
    workspace: Workspace, built: list[Filter]
) -> None:
    ask(workspace, some(2))
    with another_connection() as other:
        key = "hashtext('leaves of workspace')"
        other.execute(f"select pg_advisory_lock({key}, {workspace.pk})")
        jobs.build_waiting(workspace.pk)
        assert built == []
        other.rollback()
        other.execute("select pg_advisory_unlock_all()")
        jobs.build_waiting(workspace.pk)
    assert len(built) == 2


def test_a_job_lets_others_go_first_after_its_time(
    workspace: Workspace, built: list[Filter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "TURN_SECONDS", 0.0)
    ask(workspace, some(2), minutes_ago=5)
    ProcrastinateJob.objects.all().update(status="doing")
    jobs.build_waiting(workspace.pk)
    newest = LeafBuild.objects.first()
    assert newest
    [_first, again] = jobs_of(TASK)
    assert (again.status, again.priority) == ("todo", int(newest.asked_at.timestamp()))


def test_a_try_later_does_not_stand_for_one_now(workspace: Workspace) -> None:
    first, second = some(2)
    ask(workspace, [first])
    ProcrastinateJob.objects.all().update(status="doing")
    backlog.fail(LeafBuild.objects.get(), "no time")
    ask(workspace, [second])
    later = [job.scheduled_at is not None for job in jobs_of(TASK)]
    assert later == [False, True, False]
