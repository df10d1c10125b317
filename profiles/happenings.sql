-- name: hold
-- People in the order of their ids, so that two calls wait for each other and never deadlock. What
-- they are is read under the lock: nothing that another call counted up is lost. The first condition
-- is evaluated before any lock is waited for, and bounds the waits.
select id,
    country, dob, email, email_marked_spam_at, email_subscribe, first_name, gender, home_city,
    image_url, language, last_name, phone, push_subscribe, time_zone, longitude, latitude, custom
from profiles_profile
where (select set_config('lock_timeout', %(lock_timeout)s, true)) is not null
    and workspace_id = %(workspace)s
    and id = any(array(select json_array_elements_text(%(ids)s)::bigint))
order by id
for no key update

-- name: change
-- What was held, written back: only people of whom something changed, by the database's own
-- equality. A new state of a subscription begins now. A custom attribute is known by name from its
-- first value on, with the type of that.
with named as (
    insert into profiles_customattribute (workspace_id, name, type)
    select %(workspace)s, said.key, said.value
    from json_each_text(%(types)s) as said
    where not exists (
        select from profiles_customattribute as known
        where known.workspace_id = (select %(workspace)s::bigint) and known.name = said.key
    )
    order by said.key
    on conflict do nothing
)
update profiles_profile as person
set
    country = said.country, dob = said.dob, email = said.email,
    email_marked_spam_at = said.email_marked_spam_at, email_subscribe = said.email_subscribe,
    first_name = said.first_name, gender = said.gender, home_city = said.home_city,
    image_url = said.image_url, language = said.language, last_name = said.last_name,
    phone = said.phone, push_subscribe = said.push_subscribe, time_zone = said.time_zone,
    longitude = said.longitude, latitude = said.latitude, custom = said.custom,
    email_subscribe_at = case
        when person.email_subscribe = said.email_subscribe then person.email_subscribe_at
        else now()
    end,
    push_subscribe_at = case
        when person.push_subscribe = said.push_subscribe then person.push_subscribe_at
        else now()
    end
from json_to_recordset(%(people)s) as said (
    id bigint,
    country text, dob date, email text, email_marked_spam_at timestamptz, email_subscribe text,
    first_name text, gender text, home_city text, image_url text, language text, last_name text,
    phone text, push_subscribe text, time_zone text, longitude double precision,
    latitude double precision, custom jsonb
)
where person.id = said.id
    and person.workspace_id = %(workspace)s
    and (
        person.country, person.dob, person.email, person.email_marked_spam_at,
        person.email_subscribe, person.first_name, person.gender, person.home_city,
        person.image_url, person.language, person.last_name, person.phone, person.push_subscribe,
        person.time_zone, person.longitude, person.latitude, person.custom
    ) is distinct from (
        said.country, said.dob, said.email, said.email_marked_spam_at, said.email_subscribe,
        said.first_name, said.gender, said.home_city, said.image_url, said.language,
        said.last_name, said.phone, said.push_subscribe, said.time_zone, said.longitude,
        said.latitude, said.custom
    )

-- name: keep_push_tokens
-- A token belongs to whom it was said of last; a device stays with whose it is.
with said as (
    select said ->> 0 as app_id, said ->> 1 as token, (said ->> 2)::bigint as profile_id,
        said ->> 3 as device_id
    from json_array_elements(%(tokens)s) as said
), devices as (
    insert into profiles_device (workspace_id, profile_id, device_id)
    select distinct on (device_id) %(workspace)s, profile_id, device_id
    from said where device_id <> '' order by device_id
    on conflict do nothing
)
insert into profiles_pushtoken as known (workspace_id, profile_id, app_id, token, device_id)
select %(workspace)s, profile_id, app_id, token, device_id
from said
order by app_id, token
on conflict (workspace_id, app_id, token) do update
    set profile_id = excluded.profile_id,
        device_id = coalesce(nullif(excluded.device_id, ''), known.device_id)
    where known.profile_id <> excluded.profile_id
        or known.device_id <> coalesce(nullif(excluded.device_id, ''), known.device_id)

-- name: subscribe
-- The people themselves, and everybody who shares the address or number by which the group
-- reaches them, as Braze has it. What was said of a person by name comes first.
with said as (
    select (said ->> 0)::uuid as group_id, (said ->> 1)::bigint as profile_id,
        (said ->> 2)::boolean as subscribed
    from json_array_elements(%(said)s) as said
), reached as (
    select said.*, person.email, person.phone, joined.channel = 'email' as by_email
    from said
    join profiles_profile as person on person.id = said.profile_id
    join profiles_subscriptiongroup as joined on joined.id = said.group_id
), meant as (
    select group_id, profile_id, subscribed, 0 as distance from said
    union all
    select reached.group_id, other.id, reached.subscribed, 1
    from reached
    join profiles_profile as other
        on other.workspace_id = (select %(workspace)s::bigint)
        and other.email = reached.email and other.email <> ''
    where reached.by_email
    union all
    select reached.group_id, other.id, reached.subscribed, 1
    from reached
    join profiles_profile as other
        on other.workspace_id = (select %(workspace)s::bigint)
        and other.phone = reached.phone and other.phone <> ''
    where not reached.by_email
)
insert into profiles_groupsubscription as held (group_id, profile_id, workspace_id, subscribed)
select distinct on (group_id, profile_id) group_id, profile_id, %(workspace)s, subscribed
from meant
order by group_id, profile_id, distance
on conflict (group_id, profile_id) do update
    set subscribed = excluded.subscribed, at = now()
    where held.subscribed <> excluded.subscribed
