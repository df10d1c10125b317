-- The rows of an uploaded file lie in a temporary table; what each names is found by one join a
-- kind, over the whole file at once.

-- name: make_uploaded
create temporary table uploaded (
    number bigint not null, kind text not null, label text not null, identifier text not null
) on commit drop

-- name: copy_uploaded
copy uploaded (number, kind, label, identifier) from stdin

-- name: make_matched
-- Each name once, however many rows have it: an address that thousands share may stand in thousands
-- of rows. The statistics let the planner choose between an index for few names and a hash for many.
create temporary table named on commit drop as
select kind, label, identifier, min(number) as number, count(*) as rows
from uploaded group by kind, label, identifier;
analyze named;
create temporary table matched (number bigint not null, profile_id bigint not null) on commit drop

-- name: match_external_id
-- Who has it now, else who had it until a rename.
insert into matched
select named.number, coalesce(profile.id, former.profile_id)
from named
left join profiles_profile as profile
    on profile.workspace_id = %(workspace)s and profile.external_id = named.identifier
left join profiles_formerexternalid as former
    on former.workspace_id = %(workspace)s and former.external_id = named.identifier
where named.kind = 'external_id' and coalesce(profile.id, former.profile_id) is not null

-- name: match_braze_id
insert into matched
select named.number, profile.id
from named join profiles_profile as profile
    on profile.workspace_id = %(workspace)s and profile.braze_id = lower(named.identifier)
where named.kind = 'braze_id'

-- name: match_alias
insert into matched
select named.number, alias.profile_id
from named join profiles_alias as alias
    on alias.workspace_id = %(workspace)s
    and alias.label = named.label and alias.name = named.identifier
where named.kind = 'alias'

-- name: match_email
-- Not unique: whoever has the address.
insert into matched
select named.number, profile.id
from named join profiles_profile as profile
    on profile.workspace_id = %(workspace)s
    and lower(profile.email) = lower(named.identifier)
where named.kind = 'email'

-- name: match_phone
-- Not unique either. However it is spaced.
insert into matched
select named.number, profile.id
from named join profiles_profile as profile
    on profile.workspace_id = %(workspace)s
    and translate(profile.phone, ' -().', '') = translate(named.identifier, ' -().', '')
where named.kind = 'phone' and profile.phone <> ''

-- name: match_device_id
-- Of anonymous people only, as with a partner's sync.
insert into matched
select named.number, device.profile_id
from named
join profiles_device as device
    on device.workspace_id = %(workspace)s and device.device_id = named.identifier
join profiles_profile as profile on profile.id = device.profile_id
where named.kind = 'device_id' and profile.external_id is null

-- name: count_matched
-- A row is added if it is the first to name somebody.
select
    count(distinct first_number) as added,
    (
        select coalesce(sum(rows), 0)::bigint from named
        where exists (select from matched where matched.number = named.number)
    ) - count(distinct first_number) as repeated
from (select min(number) as first_number from matched group by profile_id) as person

-- name: unmatched_sample
select kind, label, identifier
from named
where not exists (select from matched where matched.number = named.number)
order by number
limit %(most)s

-- name: insert_matched
-- The lock keeps the people from being deleted until the list stands, and skips those who are gone.
insert into segments_userlistmember (user_list_id, profile_id)
select %(list)s, id
from profiles_profile
where id in (select profile_id from matched)
order by id
for key share

-- name: make_frozen
create temporary table frozen (profile_id bigint not null) on commit drop

-- name: copy_frozen
copy frozen (profile_id) from stdin

-- name: insert_frozen
insert into segments_userlistmember (user_list_id, profile_id)
select %(list)s, id
from profiles_profile
where id in (select profile_id from frozen)
order by id
for key share
