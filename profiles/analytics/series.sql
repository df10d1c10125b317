-- A series counts by unit of time, a day or an hour: ``starts`` are the instants at which the units
-- begin, ``ends`` is where the last one ends. width_bucket() tells the unit of an instant. A null
-- narrows nothing down: parameters are put in before PostgreSQL plans, so such a condition costs
-- nothing.

-- name: counts
-- How often something was done, by unit. The names are read off the few known ones, so that
-- event_time finds the events of the time asked for under each of them; index-only unless an app is
-- asked for.
select width_bucket(event.time, %(starts)s::timestamptz[]) - 1 as unit, count(*)
from profiles_eventname as known
join profiles_event as event
    on event.workspace_id = known.workspace_id
    and event.kind = known.kind
    and event.name = known.name
    and event.time >= (%(starts)s::timestamptz[])[1]
    and event.time < %(ends)s
where known.workspace_id = %(workspace)s
    and known.kind = %(kind)s
    and (%(name)s::text is null or known.name = %(name)s)
    and (%(app)s::text is null or event.app_id = %(app)s)
    and (%(everyone)s or event.profile_id = any(%(people)s::bigint[]))
group by 1

-- name: revenue
-- For how much, by unit.
select width_bucket(event.time, %(starts)s::timestamptz[]) - 1 as unit, sum(event.amount)
from profiles_eventname as known
join profiles_event as event
    on event.workspace_id = known.workspace_id
    and event.kind = known.kind
    and event.name = known.name
    and event.time >= (%(starts)s::timestamptz[])[1]
    and event.time < %(ends)s
where known.workspace_id = %(workspace)s
    and known.kind = 'purchase'
    and (%(name)s::text is null or known.name = %(name)s)
    and (%(app)s::text is null or event.app_id = %(app)s)
group by 1

-- name: active
-- Whose session counts for the unit and for %(trailing)s - 1 more, by unit: how many begin to count
-- less how many cease to. Who has another session meanwhile begins anew, and is there only once.
with done as (
    select distinct event.profile_id,
        width_bucket(event.time, %(starts)s::timestamptz[]) - 1 as unit
    from profiles_eventname as known
    join profiles_event as event
        on event.workspace_id = known.workspace_id
        and event.kind = known.kind
        and event.name = known.name
        and event.time >= (%(starts)s::timestamptz[])[1]
        and event.time < %(ends)s
    where known.workspace_id = %(workspace)s
        and known.kind = 'session'
        and (%(app)s::text is null or known.name = %(app)s)
),
counted as (
    select unit as begins,
        least(
            lead(unit) over (partition by profile_id order by unit), unit + %(trailing)s
        ) as ends
    from done
)
select unit, sum(people)::bigint
from (
    select begins, count(*) from counted group by begins
    union all
    select ends, -count(*) from counted group by ends
) as change (unit, people)
group by unit

-- name: new_people
select width_bucket(created_at, %(starts)s::timestamptz[]) - 1 as unit, count(*)
from profiles_profile
where workspace_id = %(workspace)s
    and created_at >= (%(starts)s::timestamptz[])[1]
    and created_at < %(ends)s
group by 1

-- name: new_people_of_app
-- New to an app is who had the first session there.
select width_bucket(first_at, %(starts)s::timestamptz[]) - 1 as unit, count(*)
from profiles_eventtotal
where workspace_id = %(workspace)s and kind = 'session' and name = %(app)s
    and first_at >= (%(starts)s::timestamptz[])[1]
    and first_at < %(ends)s
group by 1
