-- name: set_group_state
-- Only what changes is written. The people are locked already, in the order of their ids.
insert into profiles_groupsubscription as known (group_id, profile_id, workspace_id, subscribed, at)
select %(group)s, person.id, %(workspace)s, %(subscribed)s, statement_timestamp()
from unnest(%(people)s::bigint[]) as person (id)
order by person.id
on conflict (group_id, profile_id) do update
    set subscribed = excluded.subscribed, at = excluded.at
    where known.subscribed <> excluded.subscribed
