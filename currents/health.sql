-- name: queues
-- The queues of a workspace's launched connectors, with what waits in each.
select queue.id, waiting.events, waiting.seconds
from currents_queue as queue
join currents_connector as connector on connector.id = queue.connector_id
cross join lateral (
    select count(*) as events,
        coalesce(extract(epoch from clock_timestamp() - min(event.at)), 0)::float as seconds
    from currents_outboxevent as event
    where event.workspace_id = connector.workspace_id and event.event_type = queue.event_type
        and (event.xid, event.id) > (queue.xid, queue.event_id)
) as waiting
where connector.workspace_id = %(workspace)s

-- name: hours
-- The hours of the last day, the oldest first, with what a connector delivered in each.
select hour.at, coalesce(done.events, 0), coalesce(done.batches, 0)
from generate_series(
    date_trunc('hour', now(), 'UTC') - interval '23 hours', date_trunc('hour', now(), 'UTC'),
    interval '1 hour'
) as hour (at)
left join currents_deliveryhour as done
    on done.connector_id = %(connector)s and done.hour = hour.at
order by hour.at
