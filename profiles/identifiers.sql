-- Who shares an address, in the order of ``identity/look_up.sql`` turned round: the longest
-- unchanged first. The workspace comes as a subquery for the reason told there.

-- name: by_email
select id, external_id is not null
from profiles_profile
where workspace_id = (select %(workspace)s::bigint) and email = lower(%(address)s) and email <> ''
order by changed, id

-- name: by_phone
select id, external_id is not null
from profiles_profile
where workspace_id = (select %(workspace)s::bigint) and phone = %(address)s and phone <> ''
order by changed, id
