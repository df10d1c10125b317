-- name: known_by
-- A union of look-ups, each by its own index, where one "or" would read the whole table. The
-- workspace comes as a subquery for the reason told in identity/look_up.sql.
select id from profiles_profile
where workspace_id = (select %(workspace)s::bigint) and external_id = %(text)s
union
select profile_id from profiles_formerexternalid
where workspace_id = (select %(workspace)s::bigint) and external_id = %(text)s
union
select id from profiles_profile
where workspace_id = (select %(workspace)s::bigint) and braze_id = lower(%(text)s)
union
select id from profiles_profile
where workspace_id = (select %(workspace)s::bigint) and email = lower(%(text)s) and email <> '' and %(personal)s
union
select id from profiles_profile
where workspace_id = (select %(workspace)s::bigint) and phone = %(text)s and phone <> '' and %(personal)s
union
select profile_id from profiles_device
where workspace_id = (select %(workspace)s::bigint) and device_id = %(text)s
union
select profile_id from profiles_alias
where workspace_id = (select %(workspace)s::bigint)
    and label = %(label)s and name = %(name)s
limit %(most)s
