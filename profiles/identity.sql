-- name: by_external_id
-- Index-only by profile_external_id: 1,000 ids in 5 ms at 5 million profiles.
select external_id, id
from profiles_profile
where workspace_id = %(workspace)s and external_id = any(%(external_ids)s::text[])

-- name: by_alias
-- One look-up a pair, index-only by alias_label_name.
select alias.label, alias.name, alias.profile_id
from unnest(%(labels)s::text[], %(names)s::text[]) as asked (label, name)
join profiles_alias as alias
    on alias.workspace_id = %(workspace)s
    and alias.label = asked.label
    and alias.name = asked.name

-- name: by_device
-- With whether the device's person is anonymous.
select device.device_id, device.profile_id, profile.external_id is null
from profiles_device as device
join profiles_profile as profile on profile.id = device.profile_id
where device.workspace_id = %(workspace)s and device.device_id = any(%(device_ids)s::text[])
