-- name: by_one
-- Whom a device, a Braze id, an e-mail address or a phone number names, with which of them it was.
-- One look-up each, by its own index; what was not asked for is null, and equals nothing. The
-- workspace comes as a subquery for the reason told in identity/look_up.sql.
select 'device_id', profile_id from profiles_device
where workspace_id = (select %(workspace)s::bigint) and device_id = %(device_id)s
union all
select 'braze_id', id from profiles_profile
where workspace_id = (select %(workspace)s::bigint) and braze_id = lower(%(braze_id)s)
union all
select 'email_address', id from profiles_profile
where workspace_id = (select %(workspace)s::bigint) and email = lower(%(email_address)s) and email <> ''
union all
select 'phone', id from profiles_profile
where workspace_id = (select %(workspace)s::bigint) and phone = %(phone)s and phone <> ''
order by 1, 2
