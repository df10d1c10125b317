-- name: with_room
-- The queues from which a worker may take a job now. Two workers that ask in the same moment may
-- take one more of a workspace than it may have: no more than that.
with doing as materialized (
    select queue_name, split_part(queue_name, ' ', 1) as kind, worker_id
    from procrastinate_jobs
    where status = 'doing'
),
due as (
    select distinct queue_name, split_part(queue_name, ' ', 1) as kind
    from procrastinate_jobs
    where status = 'todo' and (scheduled_at is null or scheduled_at <= now())
)
select array(
    select due.queue_name
    from due
    left join jsonb_each_text(%(limits)s) as share (kind, most) using (kind)
    where case
        when share.most is null then
            %(queues)s::text[] is null or due.queue_name = any(%(queues)s::text[])
        else
            share.most::int > (select count(*) from doing where doing.queue_name = due.queue_name)
            and share.most::int >= (
                select count(*) from doing
                where doing.kind = due.kind and doing.worker_id = %(worker)s
            )
    end
) as queues

-- name: used
select queue_name, count(*) filter (where status = 'doing'), count(*) filter (where status = 'todo')
from procrastinate_jobs
where queue_name = any(%(queues)s) and status in ('doing', 'todo')
group by queue_name
