-- name: wanted
-- What a writer has to know, in one look-up: the workspace's own id for the envelope, the day on
-- which this transaction's rows fall and whether that has a partition, and the queues of each type
-- that a connector wants. None of those stands ahead of all transactions, but after a dump and
-- restore. The partition is asked for each time: a database that was restored may lack it.
select workspace.uid, (now() at time zone 'UTC')::date, exists (
        select from pg_class
        where relname = 'currents_outboxevent_' || to_char(now() at time zone 'UTC', 'YYYYMMDD')
            and relispartition
    ),
    queue.event_type, connector.id, queue.id, connector.flush_seconds, connector.state,
    coalesce(queue.xid > pg_snapshot_xmax(pg_current_snapshot())::text::bigint, false)
from workspaces_workspace as workspace
left join currents_connector as connector
    on connector.workspace_id = workspace.id and connector.state <> 'test'
left join currents_queue as queue on queue.connector_id = connector.id
where workspace.id = %(workspace)s

-- name: write
-- Events of one type, a line each: JSON in one line is quoted faster as one text than as an array.
insert into currents_outboxevent (workspace_id, event_type, body)
select %(workspace)s, %(event_type)s, line
from string_to_table(%(events)s, E'\n') as event (line)

-- name: horizon
-- Every transaction before this one is over. Where a queue begins that is made now: it misses
-- nothing of a writer that has begun already and will find the connector launched.
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint

-- name: read
-- What a queue may send next, in order: events that are settled. One that is larger than usual comes
-- without its body, so that any number of them has room. As few columns as will do: each costs as
-- much as the search.
select xid, id, case when octet_length(body) <= %(usual)s then body end
from currents_outboxevent
where workspace_id = %(workspace)s and event_type = %(event_type)s
    and (xid, id) > (%(xid)s, %(event_id)s)
    and xid < (select currents_horizon())
order by xid, id
limit %(limit)s

-- name: read_large
-- The same of events of any size. The sizes are added up first, and bodies beyond the bound stay
-- where they are. An event that is larger than may be sent comes without its body.
with waiting as (
    select xid, id, body, sum(least(octet_length(body), %(largest)s))
        over (order by xid, id rows unbounded preceding) as total
    from (
        select xid, id, body from currents_outboxevent
        where workspace_id = %(workspace)s and event_type = %(event_type)s
            and (xid, id) > (%(xid)s, %(event_id)s)
            and xid < (select currents_horizon())
        order by xid, id
        limit %(limit)s
    ) as next
)
select xid, id, case when octet_length(body) <= %(largest)s then body end
from waiting
where total - least(octet_length(body), %(largest)s) < %(most)s
order by xid, id

-- name: next
-- For how many seconds the next event of a queue has waited; no row where none waits.
select extract(epoch from clock_timestamp() - at)::float
from currents_outboxevent
where workspace_id = %(workspace)s and event_type = %(event_type)s
    and (xid, id) > (%(xid)s, %(event_id)s)
order by xid, id
limit 1

-- name: since
-- The first event of a queue that was written at a time or later.
select xid, id
from currents_outboxevent
where workspace_id = %(workspace)s and event_type = %(event_type)s and at >= %(start)s
order by xid, id
limit 1
