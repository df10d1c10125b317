-- Events are settled once every transaction before theirs is over, for none can then come before them
-- any more: those of transactions before this one. Transactions of other databases on the server take
-- numbers from the same row, and would hold up ours: those that are known to be elsewhere, by the lock
-- that each holds on its own number, do not count. One that ends while this looks counts as ours. In
-- PL/pgSQL it is planned once in a session, and looks for a shorter time.
create function currents_horizon() returns bigint language plpgsql stable as $$
begin return (
    select coalesce(min(open.xid), pg_snapshot_xmax(pg_current_snapshot()))::text::bigint
    from pg_snapshot_xip(pg_current_snapshot()) as open (xid)
    where not exists (
        select from pg_locks as lock
        join pg_stat_activity as session on session.pid = lock.pid
        join pg_database as ours on ours.datname = current_database()
        where lock.locktype = 'transactionid' and lock.mode = 'ExclusiveLock' and lock.granted
            and lock.transactionid = open.xid::xid and session.datid <> ours.oid
    )
); end
$$;
