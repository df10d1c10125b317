-- name: lock
-- One at a time, to the end of the transaction.
select pg_advisory_xact_lock(hashtext('currents_outboxevent partitions'))

-- name: exists
-- Asked of the catalogue itself: to_regclass() may not have heard of what another has just made.
select exists (select from pg_class where relname = %(name)s and relispartition)

-- name: today
-- The day of rows written now: that on which the transaction began, in UTC.
select (now() at time zone 'UTC')::date

-- name: days
-- The days that have a partition, the oldest first.
select right(inhrelid::regclass::text, 8)::date from pg_inherits
where inhparent = 'currents_outboxevent'::regclass
order by 1

-- name: unsent
-- The queues with events on a day of which their connector is not done, and how many those are.
select queue.id, connector.state, count(*)
from currents_queue as queue
join currents_connector as connector on connector.id = queue.connector_id
join currents_outboxevent as event
    on event.workspace_id = connector.workspace_id and event.event_type = queue.event_type
    and (event.xid, event.id) > (queue.xid, queue.event_id)
where event.at >= %(start)s and event.at < %(end)s
group by queue.id, connector.state
