-- name: find
-- Both keys of a call, dead or alive, in one statement: it is asked for every call.
select
    api_partner.id,
    api_partner.slug,
    key.id,
    key.workspace_id,
    key.partner_id,
    key.invalidated_at is null
        and (key.expires_at is null or key.expires_at > statement_timestamp()),
    key.last_used_at > statement_timestamp() - %(noted_every)s
        and key.last_used_ip is not distinct from %(address)s
from (values (1)) as call
left join cohorts_partnerapikey as api_key on api_key.digest = any(%(partner_api_key)s)
left join cohorts_partner as api_partner on api_partner.id = api_key.partner_id
left join cohorts_dataimportkey as key on key.digest = any(%(client_secret)s)
limit 1
