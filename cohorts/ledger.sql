-- name: fold
-- Adds the oldest lines to the totals of their days, and deletes them: in one statement, so that no
-- line is counted twice or not at all, whenever it is stopped. Those of no workspace only go.
with old as (
    select id from cohorts_cohortimport
    where received_at < %(before)s or workspace_id is null and received_at < %(unowned_before)s
    limit %(batch)s
    for update skip locked
), gone as (
    delete from cohorts_cohortimport where id in (select id from old) returning *
), folded as (
    insert into cohorts_ledgerday as day (
        workspace_id, partner_id, day, outcome,
        calls, asked, added, removed, unchanged, unmatched, ignored, last_at
    )
    select
        workspace_id, partner_id, (received_at at time zone 'UTC')::date, outcome,
        count(*) + sum(repeated), sum(asked), sum(added), sum(removed), sum(unchanged), sum(unmatched),
        sum(ignored), max(received_at)
    from gone
    where workspace_id is not null
    group by 1, 2, 3, 4
    order by 1, 2, 3, 4
    on conflict (workspace_id, partner_id, day, outcome) do update set
        calls = day.calls + excluded.calls,
        asked = day.asked + excluded.asked,
        added = day.added + excluded.added,
        removed = day.removed + excluded.removed,
        unchanged = day.unchanged + excluded.unchanged,
        unmatched = day.unmatched + excluded.unmatched,
        ignored = day.ignored + excluded.ignored,
        last_at = greatest(day.last_at, excluded.last_at)
)
select count(*) from gone
