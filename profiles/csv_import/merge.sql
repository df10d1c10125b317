-- The rows of a chunk lie in a temporary table; people are found and written by a few statements
-- over all of them. A cell that says nothing is null, and changes nothing.

-- name: make_tables
-- For the session: each chunk is a transaction of its own.
drop table if exists pg_temp.csv_row, pg_temp.csv_match, pg_temp.csv_change;
create temporary table csv_row (
    number integer not null,
    identifier text not null,
    new_braze_id text not null,
    country text, dob date, email text, email_subscribe text, first_name text, gender text,
    home_city text, image_url text, language text, last_name text,
    email_marked_spam_at timestamptz, phone text, push_subscribe text, time_zone text,
    custom jsonb not null
);
create temporary table csv_match (number integer not null, profile_id bigint not null);
create temporary table csv_change (number integer not null, profile_id bigint not null)

-- name: drop_tables
drop table if exists pg_temp.csv_row, pg_temp.csv_match, pg_temp.csv_change

-- name: begin_chunk
-- Without sequential scans the planner looks people up by index, whatever it believes of a table
-- that has grown a millionfold since it was analysed. The temporary tables have no index.
set local enable_seqscan = off;
truncate csv_row, csv_match, csv_change

-- name: match_external_id
-- Who has it now, else who had it until a rename, asked only where the workspace has such ids. A
-- subquery in "from" with "offset 0" is not asked twice.
insert into csv_match (number, profile_id)
select number, profile_id
from (
    select number, coalesce(
        (
            select profile.id from profiles_profile as profile
            where profile.workspace_id = (select %(workspace)s::bigint)
                and profile.external_id = csv_row.identifier
        ),
        case when (
            select exists (
                select from profiles_formerexternalid where workspace_id = %(workspace)s
            )
        ) then (
            select former.profile_id from profiles_formerexternalid as former
            where former.workspace_id = (select %(workspace)s::bigint)
                and former.external_id = csv_row.identifier
        ) end
    ) as profile_id
    from csv_row offset 0
) as found
where profile_id is not null

-- name: match_braze_id
insert into csv_match (number, profile_id)
select number, profile_id
from (
    select number, (
        select profile.id from profiles_profile as profile
        where profile.workspace_id = (select %(workspace)s::bigint)
            and profile.braze_id = csv_row.identifier
    ) as profile_id
    from csv_row offset 0
) as found
where profile_id is not null

-- name: match_alias
insert into csv_match (number, profile_id)
select number, profile_id
from (
    select number, (
        select alias.profile_id from profiles_alias as alias
        where alias.workspace_id = (select %(workspace)s::bigint)
            and alias.label = %(label)s and alias.name = csv_row.identifier
    ) as profile_id
    from csv_row offset 0
) as found
where profile_id is not null

-- name: match_email
-- Of several people with one address: in the order of ``identity/look_up.sql``.
insert into csv_match (number, profile_id)
select number, profile_id
from (
    select number, (
        select profile.id from profiles_profile as profile
        where profile.workspace_id = (select %(workspace)s::bigint)
            and profile.email = csv_row.identifier and profile.email <> ''
        order by profile.external_id is null, profile.changed desc, profile.id desc
        limit 1
    ) as profile_id
    from csv_row offset 0
) as found
where profile_id is not null

-- name: match_phone
insert into csv_match (number, profile_id)
select number, profile_id
from (
    select number, (
        select profile.id from profiles_profile as profile
        where profile.workspace_id = (select %(workspace)s::bigint)
            and profile.phone = csv_row.identifier and profile.phone <> ''
        order by profile.external_id is null, profile.changed desc, profile.id desc
        limit 1
    ) as profile_id
    from csv_row offset 0
) as found
where profile_id is not null

-- name: refuse_unknown
-- Nobody is made by a Braze ID.
delete from csv_row
where not exists (select from csv_match where csv_match.number = csv_row.number)
returning number

-- name: refuse_too_large
-- As the trigger judges.
delete from csv_row
using csv_row as said
left join csv_match on csv_match.number = said.number
left join profiles_profile as known on known.id = csv_match.profile_id
where csv_row.number = said.number
    and pg_column_size(coalesce(known.custom, '{}') || said.custom)
    > greatest(%(most)s::integer, pg_column_size(known.custom || '{}'))
returning csv_row.number

-- name: find_changes
-- Who would look different afterwards. Two aliases may be of one person: the last row counts.
insert into csv_change (number, profile_id)
select said.number, known.id
from (select profile_id, max(number) as number from csv_match group by profile_id) as match
join csv_row as said on said.number = match.number
join profiles_profile as known on known.id = match.profile_id
where known.custom || said.custom <> known.custom
    or (
        coalesce(said.country, known.country),
        coalesce(said.dob, known.dob),
        coalesce(said.email, known.email),
        coalesce(said.email_subscribe, known.email_subscribe),
        coalesce(said.first_name, known.first_name),
        coalesce(said.gender, known.gender),
        coalesce(said.home_city, known.home_city),
        coalesce(said.image_url, known.image_url),
        coalesce(said.language, known.language),
        coalesce(said.last_name, known.last_name),
        coalesce(said.email_marked_spam_at, known.email_marked_spam_at),
        coalesce(said.phone, known.phone),
        coalesce(said.push_subscribe, known.push_subscribe),
        coalesce(said.time_zone, known.time_zone)
    ) is distinct from (
        known.country,
        known.dob,
        known.email,
        known.email_subscribe,
        known.first_name,
        known.gender,
        known.home_city,
        known.image_url,
        known.language,
        known.last_name,
        known.email_marked_spam_at,
        known.phone,
        known.push_subscribe,
        known.time_zone
    )

-- name: lock_changing
-- In id order, so that no two writers wait for each other.
select id from profiles_profile
where id = any(array(select profile_id from csv_change))
order by id
for no key update

-- name: update_changing
update profiles_profile as known
set custom = known.custom || said.custom,
    country = coalesce(said.country, known.country),
    dob = coalesce(said.dob, known.dob),
    email = coalesce(said.email, known.email),
    email_subscribe = coalesce(said.email_subscribe, known.email_subscribe),
    email_subscribe_at = subscription_since(
        said.email_subscribe, known.email_subscribe, known.email_subscribe_at,
        said.email <> known.email
    ),
    first_name = coalesce(said.first_name, known.first_name),
    gender = coalesce(said.gender, known.gender),
    home_city = coalesce(said.home_city, known.home_city),
    image_url = coalesce(said.image_url, known.image_url),
    language = coalesce(said.language, known.language),
    last_name = coalesce(said.last_name, known.last_name),
    email_marked_spam_at = coalesce(said.email_marked_spam_at, known.email_marked_spam_at),
    phone = coalesce(said.phone, known.phone),
    push_subscribe = coalesce(said.push_subscribe, known.push_subscribe),
    push_subscribe_at = subscription_since(
        said.push_subscribe, known.push_subscribe, known.push_subscribe_at, false
    ),
    time_zone = coalesce(said.time_zone, known.time_zone)
from csv_change
join csv_row as said on said.number = csv_change.number
where known.id = csv_change.profile_id

-- name: count_new
select count(*) from csv_row
where not exists (select from csv_match where csv_match.number = csv_row.number)

-- name: insert_new
-- Another transaction may have made a person meanwhile: then fewer are written, and the chunk begins
-- anew.
insert into profiles_profile (
    workspace_id, created_at, braze_id, external_id, email, phone,
    custom, country, dob, email_subscribe, email_subscribe_at, first_name, gender, home_city,
    image_url, language, last_name, email_marked_spam_at, push_subscribe, push_subscribe_at,
    time_zone
)
select
    %(workspace)s,
    now(),
    new_braze_id,
    case when %(kind)s = 'external_id' then identifier end,
    case when %(kind)s = 'email' then identifier else coalesce(email, '') end,
    case when %(kind)s = 'phone' then identifier else coalesce(phone, '') end,
    custom,
    coalesce(country, ''),
    dob,
    coalesce(email_subscribe, 'subscribed'),
    case when email_subscribe is not null then now() end,
    coalesce(first_name, ''),
    coalesce(gender, ''),
    coalesce(home_city, ''),
    coalesce(image_url, ''),
    coalesce(language, ''),
    coalesce(last_name, ''),
    email_marked_spam_at,
    coalesce(push_subscribe, 'subscribed'),
    case when push_subscribe is not null then now() end,
    coalesce(time_zone, '')
from csv_row
where not exists (select from csv_match where csv_match.number = csv_row.number)
order by number
on conflict do nothing

-- name: insert_aliases
-- Of those who were made just now.
insert into profiles_alias (profile_id, workspace_id, label, name)
select profile.id, profile.workspace_id, %(label)s, csv_row.identifier
from csv_row
join profiles_profile as profile
    on profile.workspace_id = (select %(workspace)s::bigint)
    and profile.braze_id = csv_row.new_braze_id
order by csv_row.number
on conflict do nothing

-- name: subscribed
-- Who was given a subscription by the rows, which one, though it may be what it was before.
select person.id, said.email_subscribe, said.push_subscribe
from (
    select max(number) as number, profile_id as id from csv_match group by profile_id
    union all
    select csv_row.number, profile.id
    from csv_row
    join profiles_profile as profile
        on profile.workspace_id = (select %(workspace)s::bigint)
        and profile.braze_id = csv_row.new_braze_id
) as person
join csv_row as said on said.number = person.number
where said.email_subscribe is not null or said.push_subscribe is not null
order by said.number
