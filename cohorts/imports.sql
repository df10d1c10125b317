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
values (%(workspace)s, %(partner)s, %(cohort_id)s::text, left(%(cohort_id)s::text, 255))
on conflict (workspace_id, partner_id, cohort_id) do nothing

-- name: change_members
-- Adds and removes in one statement, rows in the order of their profiles, so that no two calls
-- wait for each other. Only rows that change are written: a repeated call looks at each row and
-- stops there; the last condition catches what another call wrote in the meantime. That look is a
-- subquery and no join, and the cohort in it another, because the planner takes a cohort that has
-- come since it last analysed the table for an empty one and would read the whole of it. The words
-- are one JSON object, from profile to active.
insert into cohorts_cohortmembership as member
    (cohort_id, profile_id, active, entered_at, left_at)
select
    %(cohort)s,
    word.profile_id,
    word.active,
    statement_timestamp(),
    case when not word.active then statement_timestamp() end
from (
    select key::bigint as profile_id, value::boolean as active from json_each_text(%(words)s)
) as word
where word.active <> coalesce(
    (
        select known.active from cohorts_cohortmembership as known
        where known.cohort_id = (select %(cohort)s::bigint)
            and known.profile_id = word.profile_id
    ),
    false
)
order by word.profile_id
on conflict (cohort_id, profile_id) do update
    set active = excluded.active,
        entered_at = case when excluded.active then excluded.entered_at else member.entered_at end,
        left_at = excluded.left_at
    where member.active <> excluded.active
returning active

-- name: enter
-- The line in the ledger; of a users call also the time of the cohort's last sync. The last
-- statement of its transaction, so that calls for one cohort wait for each other no longer than
-- a commit takes.
with synced as (
    update cohorts_cohort set last_sync_at = statement_timestamp()
    where id = %(cohort)s and %(call)s::text = 'users'
)
insert into cohorts_cohortimport (
    workspace_id, partner_id, key_id, cohort_id, cohort_identifier, call, received_at,
    asked, added, removed, unchanged, unmatched, ignored, unmatched_sample,
    duration_ms, outcome, status, reason
)
values (
    %(workspace)s, %(partner)s, %(key)s, %(cohort)s, %(cohort_id)s, %(call)s::text, %(received_at)s,
    %(asked)s, %(added)s, %(removed)s, %(unchanged)s, %(unmatched)s, %(ignored)s,
    %(unmatched_sample)s, %(duration_ms)s, 'applied', 201, ''
)
