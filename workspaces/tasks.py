"""What is done for the jobs of all rooms."""

from procrastinate.contrib.django import app

from lib import stalled_jobs

#: How long a job that is over can be looked at by operators. Hours.
JOBS_KEPT = 24


@app.periodic(cron="* * * * * */10")
@app.task(queueing_lock="workspaces.take_up_jobs", pass_context=False)
def take_up_jobs(timestamp: int) -> None:
    """Have others do the jobs of killed workers. ``timestamp`` is when it was due."""
    stalled_jobs.take_up()


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="workspaces.drop_jobs", pass_context=False)
def drop_jobs(timestamp: int) -> None:
    """Drop the jobs that are over. ``timestamp`` is when it was due."""
    stalled_jobs.drop_finished(JOBS_KEPT)
