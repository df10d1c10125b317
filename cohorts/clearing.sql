-- name: let_leave
-- Some of those who were in the cohort when it was cleared. Rows are taken in the order in which
-- imports take them, so that none waits for us in turn.
update cohorts_cohortmembership as member
set active = false, left_at = statement_timestamp()
from (
    select profile_id from cohorts_cohortmembership
    where cohort_id = %(cohort)s and active and entered_at <= %(since)s
    order by profile_id
    limit %(portion)s
    for update
) as leaving
where member.cohort_id = %(cohort)s and member.profile_id = leaving.profile_id
