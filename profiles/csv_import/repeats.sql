-- Whom the rows of a file name, in a temporary table, to find who is named twice.

-- name: make_named
drop table if exists pg_temp.csv_named, pg_temp.csv_repeated;
create temporary table csv_named (number integer not null, identifier text not null)

-- name: copy_named
copy csv_named (number, identifier) from stdin

-- name: find_repeated
-- The rows whose user another row names too. Most files have none.
create temporary table csv_repeated as
select number, identifier
from csv_named join (
    select identifier from csv_named group by identifier having count(*) > 1
) as repeated using (identifier)

-- name: repeated
select number from csv_repeated

-- name: superseded
-- The rows after which another one, among those that are not refused, names the same user.
select number
from (
    select number, max(number) over (partition by identifier) as last_number
    from csv_repeated
    where number not in (select json_array_elements_text(%(refused)s)::integer)
) as taken
where number < last_number

-- name: drop_named
drop table if exists pg_temp.csv_named, pg_temp.csv_repeated
