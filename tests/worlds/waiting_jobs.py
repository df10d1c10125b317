"""What the code under test left for the worker."""

from procrastinate.contrib.django.models import ProcrastinateJob


def jobs_of(task: str) -> list[ProcrastinateJob]:
    """Return the jobs of a task, the oldest first."""
    return list(ProcrastinateJob.objects.filter(task_name=task).order_by("pk"))
