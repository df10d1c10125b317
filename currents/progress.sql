-- name: advance
-- Batches are delivered: the queue is done with their events, and its hour counts them. Nothing
-- happens where the queue stands elsewhere by now: an admin had it replayed.
with advanced as (
    update currents_queue set
        xid = %(to_xid)s, event_id = %(to_id)s,
        delivered = delivered + %(events)s, oversized = oversized + %(oversized)s,
        last_success_at = clock_timestamp(),
        trouble = '', failing_since = null, failures = 0, retry_at = null,
        batch_limit = %(limit)s
    where id = %(queue)s and xid = %(xid)s and event_id = %(event_id)s
    returning connector_id
)
insert into currents_deliveryhour as hour (connector_id, hour, events, batches)
select connector_id, date_trunc('hour', clock_timestamp(), 'UTC'), %(events)s, %(batches)s from advanced
on conflict (connector_id, hour) do update
    set events = hour.events + excluded.events, batches = hour.batches + excluded.batches

-- name: drop
-- Events that will not be delivered: refused one by one, or too large.
update currents_queue set
    xid = %(to_xid)s, event_id = %(to_id)s,
    refused = refused + %(refused)s, oversized = oversized + %(oversized)s
where id = %(queue)s and xid = %(xid)s and event_id = %(event_id)s

-- name: fail
-- A call came to nothing.
update currents_queue set
    trouble = %(trouble)s, failures = failures + 1,
    failing_since = case when trouble = %(trouble)s then failing_since else clock_timestamp() end,
    retry_at = clock_timestamp() + make_interval(secs => %(wait)s)
where id = %(queue)s

-- name: recover
-- A queue got over its trouble; its connector has, when no other is in any.
update currents_connector as connector set
    state = case
        when state = 'failing' and not exists (
            select from currents_queue where connector_id = connector.id and trouble <> ''
        ) then 'active'
        else state
    end,
    credentials_told_at = case
        when exists (
            select from currents_queue
            where connector_id = connector.id and trouble = 'credentials'
        ) then credentials_told_at
    end
where id = %(connector)s
