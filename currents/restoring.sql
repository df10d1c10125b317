-- name: lock
select pg_advisory_xact_lock(hashtext('currents restoring'))

-- name: shift
-- By how much transaction ids of another cluster lie ahead of ours; no row where none does. Of the
-- events the last of each queue is looked at, by index.
with ours as (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as xmax),
theirs as (
    select max(greatest(queue.xid, last.xid)) as xid
    from currents_queue as queue
    join currents_connector as connector on connector.id = queue.connector_id
    left join lateral (
        select event.xid from currents_outboxevent as event
        where event.workspace_id = connector.workspace_id and event.event_type = queue.event_type
        order by event.xid desc
        limit 1
    ) as last on true
)
select theirs.xid - pg_snapshot_xmin(pg_current_snapshot())::text::bigint + 1
from ours cross join theirs
where theirs.xid > ours.xmax

-- name: events
update currents_outboxevent set xid = xid - %(shift)s
where xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint

-- name: queues
update currents_queue set xid = xid - %(shift)s
where xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
