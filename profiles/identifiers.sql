-- Who shares an address, in the order of the transactions that wrote them last. The workspace comes
-- as a subquery for the reason told in identity.sql.

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
