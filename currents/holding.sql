-- name: holder
-- The session whose transaction is the oldest of this database that has written, once it is old. By
-- its lock, which everybody may see. Of another role's session we may see neither time nor state.
select pid, coalesce(application_name, ''), xact_start,
    coalesce(state like 'idle in transaction%%', false)
from (
    select session.*
    from pg_locks as held
    join pg_stat_activity as session on session.pid = held.pid
    where held.locktype = 'transactionid' and held.mode = 'ExclusiveLock' and held.granted
        and session.datname = current_database()
    order by age(held.transactionid) desc
    limit 1
) as oldest
where pid <> pg_backend_pid()
    and coalesce(clock_timestamp() > xact_start + make_interval(secs => %(long)s), true)

-- name: idle
select pid, application_name, state_change
from pg_stat_activity
where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid()
    and state like 'idle in transaction%%'
    and clock_timestamp() > state_change + make_interval(secs => %(allowed)s)
order by pid

-- name: end
-- Not the one that has begun something since, or another one with the same number.
select pg_terminate_backend(pid)
from pg_stat_activity
where pid = %(pid)s and state_change = %(since)s and state like 'idle in transaction%%'
