"""What is done for connectors in the background."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from currents import alerts, holding, sending, waking, watching
from lib.stalled_jobs import SILENT

#: All of these, so that their jobs can be dropped by themselves: there are many.
QUEUE = "currents"
#: How long a job that is done is kept. Hours.
JOBS_KEPT = 1


@app.task(queue=QUEUE, pass_context=False)
def send(queue_id: int) -> None:
    again = sending.send(queue_id)
    if again is not None:
        waking.look(queue_id, after=again)


@app.task(queue=QUEUE, retry=RetryStrategy(max_attempts=8, exponential_wait=4), pass_context=False)
def send_mail(to: list[str], subject: str, text: str) -> None:
    alerts.send_mail(to, subject, text)


@app.periodic(cron="* * * * * */10")
@app.task(queue=QUEUE, queueing_lock="currents.wake_all", pass_context=False)
def wake_all(timestamp: int) -> None:
    holding.end_idle()
    watching.wake_all()


@app.periodic(cron="* * * * *")
@app.task(queue=QUEUE, queueing_lock="currents.look_after_connectors", pass_context=False)
def look_after_connectors(timestamp: int) -> None:
    watching.look_after_connectors()


@app.periodic(cron="7 * * * *")
@app.task(queue=QUEUE, queueing_lock="currents.clean_up", pass_context=False)
def clean_up(timestamp: int) -> None:
    watching.clean_up()


@app.periodic(cron="*/10 * * * *")
@app.task(queue=QUEUE, queueing_lock="currents.drop_jobs", pass_context=False)
async def drop_jobs(timestamp: int) -> None:
    """Drop the jobs that are done, and senders whose worker was killed: what these were to do was
    given to others. ``timestamp`` is when it was due.
    """
    jobs = app.job_manager
    await jobs.delete_old_jobs(nb_hours=JOBS_KEPT, queue=QUEUE, include_failed=True)
    stalled = await jobs.get_stalled_jobs(
        task_name=waking.TASK, seconds_since_heartbeat=SILENT.total_seconds()
    )
    for job in stalled:
        await jobs.finish_job(job, status=Status.FAILED, delete_job=True)
