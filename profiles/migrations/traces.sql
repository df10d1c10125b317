drop trigger remember_deleted on profiles_profile;
drop function remember_deleted_profiles;

create trigger mark_changed before update on profiles_event
    for each row execute function mark_changed();
create trigger mark_changed before update on profiles_eventtotal
    for each row execute function mark_changed();

-- A deleted profile leaves a trace, so that every audience drops it.
create function trace_deleted_profiles() returns trigger language plpgsql as $$
begin
    insert into profiles_trace (profile_id, workspace_id)
    select id, workspace_id from gone
    on conflict (profile_id) do update set changed = pg_current_xact_id(), at = now();
    return null;
end
$$;

create trigger leave_trace after delete on profiles_profile
    referencing old table as gone
    for each statement execute function trace_deleted_profiles();

-- So does the person of a deleted row, who stays: audiences look at them again. For any table with
-- a profile_id.
create function trace_deleted_rows() returns trigger language plpgsql as $$
begin
    insert into profiles_trace (profile_id, workspace_id)
    select distinct profile.id, profile.workspace_id
    from gone join profiles_profile as profile on profile.id = gone.profile_id
    order by profile.id
    on conflict (profile_id) do update set changed = pg_current_xact_id(), at = now();
    return null;
end
$$;

create trigger leave_trace after delete on profiles_alias
    referencing old table as gone for each statement execute function trace_deleted_rows();
create trigger leave_trace after delete on profiles_device
    referencing old table as gone for each statement execute function trace_deleted_rows();
create trigger leave_trace after delete on profiles_eventtotal
    referencing old table as gone for each statement execute function trace_deleted_rows();

-- A row that moves to another person, as when two are merged, leaves one with the first.
create function trace_moved_rows() returns trigger language plpgsql as $$
begin
    insert into profiles_trace (profile_id, workspace_id)
    select distinct profile.id, profile.workspace_id
    from gone join profiles_profile as profile on profile.id = gone.profile_id
    where not exists (select from come where come.profile_id = gone.profile_id)
    order by profile.id
    on conflict (profile_id) do update set changed = pg_current_xact_id(), at = now();
    return null;
end
$$;

create trigger trace_moved after update on profiles_alias
    referencing old table as gone new table as come
    for each statement execute function trace_moved_rows();
create trigger trace_moved after update on profiles_device
    referencing old table as gone new table as come
    for each statement execute function trace_moved_rows();
