-- Keeps the mark of profiles.changes: the last transaction that wrote the row.
create function mark_changed() returns trigger language plpgsql as $$
begin
    new.changed := pg_current_xact_id();
    return new;
end
$$;

create trigger mark_changed before update on profiles_profile
    for each row execute function mark_changed();
create trigger mark_changed before update on profiles_alias
    for each row execute function mark_changed();
create trigger mark_changed before update on profiles_device
    for each row execute function mark_changed();

-- A deleted profile leaves a trace, so that every audience drops it.
create function remember_deleted_profiles() returns trigger language plpgsql as $$
begin
    insert into profiles_deletedprofile (profile_id, workspace_id)
    select id, workspace_id from gone on conflict do nothing;
    return null;
end
$$;

create trigger remember_deleted after delete on profiles_profile
    referencing old table as gone
    for each statement execute function remember_deleted_profiles();
