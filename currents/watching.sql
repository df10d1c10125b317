-- name: waiting
-- The queues that may send and have something to send.
select queue.id
from currents_queue as queue
join currents_connector as connector on connector.id = queue.connector_id
where connector.state in ('active', 'failing')
    and (queue.retry_at is null or queue.retry_at <= clock_timestamp())
    and exists (
        select from currents_outboxevent as event
        where event.workspace_id = connector.workspace_id and event.event_type = queue.event_type
            and (event.xid, event.id) > (queue.xid, queue.event_id)
    )
order by queue.id
