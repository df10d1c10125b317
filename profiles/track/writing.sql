-- The workspace comes as a subquery for the reason told in identity/look_up.sql.

-- name: hold
-- People in the order of their ids, so that two calls wait for each other and never deadlock. What
-- they are is read under the lock: nothing that another call counted up is lost. The first condition
-- is evaluated before any lock is waited for, and bounds the waits of the transaction.
select id, custom
from profiles_profile
where (select set_config('lock_timeout', %(lock_timeout)s, true)) is not null
    and workspace_id = (select %(workspace)s::bigint)
    and id = any(array(select json_array_elements_text(%(ids)s)::bigint))
order by id
for no key update

-- name: too_large
-- Who would have more attributes than they may, and more than now: as the trigger judges.
select person.id
from json_to_recordset(%(people)s) as said (id bigint, put jsonb, gone text[])
join profiles_profile as person
    on person.id = said.id and person.workspace_id = (select %(workspace)s::bigint)
where pg_column_size((person.custom || said.put) - said.gone || '{}')
    > greatest(%(most)s::integer, pg_column_size(person.custom || '{}'))

-- name: change
-- What was said of people, who come in the order of their ids. A column that is null was not spoken
-- of; what may be empty comes as text, which is then empty. Only people of whom something changes
-- are written, by the database's own equality. Since when a subscription is as it is,
-- ``subscription_since`` tells. A custom attribute is known by name from its first value on,
-- with the type of that.
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
    country = coalesce(said.country, person.country),
    email = coalesce(said.email, person.email),
    email_subscribe = coalesce(said.email_subscribe, person.email_subscribe),
    first_name = coalesce(said.first_name, person.first_name),
    gender = coalesce(said.gender, person.gender),
    home_city = coalesce(said.home_city, person.home_city),
    image_url = coalesce(said.image_url, person.image_url),
    language = coalesce(said.language, person.language),
    last_name = coalesce(said.last_name, person.last_name),
    phone = coalesce(said.phone, person.phone),
    push_subscribe = coalesce(said.push_subscribe, person.push_subscribe),
    time_zone = coalesce(said.time_zone, person.time_zone),
    dob = case when said.dob is null then person.dob else nullif(said.dob, '')::date end,
    email_marked_spam_at = case when said.email_marked_spam_at is null then person.email_marked_spam_at else nullif(said.email_marked_spam_at, '')::timestamptz end,
    latitude = case when said.latitude is null then person.latitude else nullif(said.latitude, '')::float end,
    longitude = case when said.longitude is null then person.longitude else nullif(said.longitude, '')::float end,
    custom = (person.custom || said.put) - said.gone,
    email_subscribe_at = subscription_since(
        said.email_subscribe, person.email_subscribe, person.email_subscribe_at,
        said.email <> person.email
    ),
    push_subscribe_at = subscription_since(
        said.push_subscribe, person.push_subscribe, person.push_subscribe_at, false
    )
from json_to_recordset(%(people)s) as said (
    id bigint, country text, email text, email_subscribe text, first_name text, gender text,
    home_city text, image_url text, language text, last_name text, phone text, push_subscribe
    text, time_zone text, dob text, email_marked_spam_at text, latitude text, longitude text,
    put jsonb, gone text[]
)
where (select set_config('lock_timeout', %(lock_timeout)s, true)) is not null
    and person.id = said.id
    and person.workspace_id = (select %(workspace)s::bigint)
    and (
        said.country <> person.country
        or said.email <> person.email
        or said.email_subscribe <> person.email_subscribe
        or said.first_name <> person.first_name
        or said.gender <> person.gender
        or said.home_city <> person.home_city
        or said.image_url <> person.image_url
        or said.language <> person.language
        or said.last_name <> person.last_name
        or said.phone <> person.phone
        or said.push_subscribe <> person.push_subscribe
        or said.time_zone <> person.time_zone
        or said.dob is not null and nullif(said.dob, '')::date is distinct from person.dob
        or said.email_marked_spam_at is not null and nullif(said.email_marked_spam_at, '')::timestamptz is distinct from person.email_marked_spam_at
        or said.latitude is not null and nullif(said.latitude, '')::float is distinct from person.latitude
        or said.longitude is not null and nullif(said.longitude, '')::float is distinct from person.longitude
        or (person.custom || said.put) - said.gone <> person.custom
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
