-- name: stalled
-- Another worker may be looking at the same time: each job is taken by one of the two.
select job.id, job.task_name, job.attempts
from procrastinate_jobs as job
left join procrastinate_workers as worker on worker.id = job.worker_id
where job.status = 'doing'
    and (worker.id is null or worker.last_heartbeat < now() - %(silent)s::interval)
    and (%(task)s::text is null or job.task_name = %(task)s)
order by job.id
for update of job skip locked

-- name: again
select procrastinate_retry_job_v2(%(job)s, now(), null, null, null)

-- name: give_up
select procrastinate_finish_job_v1(%(job)s, 'failed', false)

-- name: drop_finished
-- The last event of a job is its end.
delete from procrastinate_jobs as job
where job.status in ('succeeded', 'failed', 'cancelled', 'aborted')
    and not exists (
        select from procrastinate_events as event
        where event.job_id = job.id and event.at >= now() - %(kept)s::interval
    )
