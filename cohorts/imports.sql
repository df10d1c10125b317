-- name: find_cohort
-- Waits for locks end after the given time from here to the end of the transaction.
select
    set_config('lock_timeout', %(lock_timeout)s, true),
    (
        select id from cohorts_cohort
        where workspace_id = %(workspace)s and partner_id = %(partner)s
            and cohort_id = %(cohort_id)s
    )

-- name: name_cohort
-- Makes or renames a cohort; a call that changes nothing writes nothing.
insert into cohorts_cohort as cohort (workspace_id, partner_id, cohort_id, name, created_at)
values (%(workspace)s, %(partner)s, %(cohort_id)s, %(name)s, %(created_at)s)
on conflict (workspace_id, partner_id, cohort_id) do update
    set name = excluded.name, created_at = coalesce(cohort.created_at, excluded.created_at)
    where cohort.name <> excluded.name or cohort.created_at is null

-- name: make_cohort
-- For users who come before their cohort's name.
insert into cohorts_cohort (workspace_id, partner_id, cohort_id, name)
values (%(workspace)s, %(partner)s, %(cohort_id)s, left(%(cohort_id)s, 1000))
on conflict (workspace_id, partner_id, cohort_id) do nothing

-- name: change_members
-- Adds and removes in one statement, rows in the order of their profiles, so that no two calls
-- wait for each other. Only rows that change are written: a repeated call reads the membership
-- key and stops there; the last line catches what another call wrote in the meantime.
insert into cohorts_cohortmembership as member
    (cohort_id, profile_id, active, entered_at, left_at)
select
    %(cohort)s,
    asked.profile_id,
    asked.active,
    statement_timestamp(),
    case when not asked.active then statement_timestamp() end
from unnest(%(profiles)s::bigint[], %(actives)s::boolean[]) as asked (profile_id, active)
left join cohorts_cohortmembership as known
    on known.cohort_id = %(cohort)s and known.profile_id = asked.profile_id
where asked.active <> coalesce(known.active, false)
order by asked.profile_id
on conflict (cohort_id, profile_id) do update
    set active = excluded.active,
        entered_at = case when excluded.active then excluded.entered_at else member.entered_at end,
        left_at = excluded.left_at
    where member.active <> excluded.active
returning active

-- name: mark_synced
update cohorts_cohort set last_sync_at = statement_timestamp() where id = %(cohort)s
