-- Keeps EventTotal and EventName as the events are, whoever writes them. Audiences learn from the
-- totals whose events were written: every total of a written event is written too, or leaves a trace.
-- Every statement takes the totals that it touches in the order of their key, and traces after them,
-- so that two writers wait and never deadlock.
-- The triggers fire always: people and events that are seeded are written without other triggers.

create function total_new_events() returns trigger language plpgsql as $$
begin
    insert into profiles_eventname (workspace_id, kind, name)
    select distinct workspace_id, kind, name from come
    where not exists (
        select from profiles_eventname as known
        where (known.workspace_id, known.kind, known.name) = (come.workspace_id, come.kind, come.name)
    )
    order by 1, 2, 3
    on conflict do nothing;

    insert into profiles_eventtotal as total
        (profile_id, kind, name, workspace_id, count, spent, first_at, last_at)
    select profile_id, kind, name, min(workspace_id),
        count(*), coalesce(sum(amount), 0), min(time), max(time)
    from come group by profile_id, kind, name order by profile_id, kind, name
    on conflict (profile_id, kind, name) do update set
        count = total.count + excluded.count,
        spent = total.spent + excluded.spent,
        first_at = least(total.first_at, excluded.first_at),
        last_at = greatest(total.last_at, excluded.last_at);
    return null;
end
$$;

-- After a deletion or an edit: count anew all that was touched.
create function recount_events() returns trigger language plpgsql as $$
declare
    who bigint[]; spaces bigint[]; kinds text[]; names text[];
begin
    if tg_op = 'DELETE' then
        select array_agg(profile_id), array_agg(workspace_id), array_agg(kind), array_agg(name)
        into who, spaces, kinds, names from gone;
    else
        select array_agg(profile_id), array_agg(workspace_id), array_agg(kind), array_agg(name)
        into who, spaces, kinds, names
        from (select * from gone union all select * from come) as written;

        insert into profiles_eventname (workspace_id, kind, name)
        select distinct workspace_id, kind, name from come order by 1, 2, 3
        on conflict do nothing;
    end if;

    -- Hold the totals, and make those that are missing, before anything is counted.
    insert into profiles_eventtotal
        (profile_id, kind, name, workspace_id, count, spent, first_at, last_at)
    select distinct on (profile_id, kind, name)
        profile_id, kind, name, workspace_id, 0, 0, now(), now()
    from unnest(who, spaces, kinds, names) as touched (profile_id, workspace_id, kind, name)
    order by profile_id, kind, name
    on conflict (profile_id, kind, name) do update set count = 0;

    -- A statement of its own: it sees what others committed while that one waited for them.
    update profiles_eventtotal as total
    set count = event.count, spent = event.spent,
        first_at = event.first_at, last_at = event.last_at
    from (
        select profile_id, kind, name, count(*) as count, coalesce(sum(amount), 0) as spent,
            min(time) as first_at, max(time) as last_at
        from profiles_event
        where (profile_id, kind, name) in (select * from unnest(who, kinds, names))
        group by profile_id, kind, name
    ) as event
    where (total.profile_id, total.kind, total.name) = (event.profile_id, event.kind, event.name);

    delete from profiles_eventtotal
    where count = 0 and (profile_id, kind, name) in (select * from unnest(who, kinds, names));
    return null;
end
$$;

create trigger total_events after insert on profiles_event
    referencing new table as come for each statement execute function total_new_events();
create trigger recount_edited after update on profiles_event
    referencing old table as gone new table as come
    for each statement execute function recount_events();
create trigger recount_deleted after delete on profiles_event
    referencing old table as gone for each statement execute function recount_events();

alter table profiles_event enable always trigger total_events;
alter table profiles_event enable always trigger recount_edited;
alter table profiles_event enable always trigger recount_deleted;
