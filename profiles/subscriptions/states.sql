-- name: set_group_state
-- Only what changes is written. The people are locked already, in the order of their ids.
insert into profiles_groupsubscription as known (group_id, profile_id, workspace_id, subscribed, at)
select %(group)s, person.id, %(workspace)s, %(subscribed)s, statement_timestamp()
from unnest(%(people)s::bigint[]) as person (id)
order by person.id
on conflict (group_id, profile_id) do update
    set subscribed = excluded.subscribed, at = excluded.at
    where known.subscribed <> excluded.subscribed

-- name: keep_address_states
-- Of addresses that nobody has, and of those that nobody had when something was said before: what
-- is kept is never older than what people were given.
insert into profiles_addressstate as known (workspace_id, email, state, at)
select %(workspace)s, said.email, %(state)s, statement_timestamp()
from unnest(%(emails)s::text[]) as said (email)
where not exists (
    select from profiles_profile as person
    where person.workspace_id = (select %(workspace)s::bigint)
        and person.email = said.email and person.email <> ''
) or exists (
    select from profiles_addressstate as kept
    where kept.workspace_id = (select %(workspace)s::bigint) and kept.email = said.email
)
order by said.email
on conflict (workspace_id, email) do update
    set state = excluded.state, at = excluded.at
    where known.state <> excluded.state
