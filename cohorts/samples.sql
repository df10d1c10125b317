-- name: repeat
-- Counts one more call on a line of the ledger. No line is written to that is gone, or that is
-- another's by now because the database went back to an earlier moment.
update cohorts_cohortimport
set repeated = repeated + 1
where
    id = %(line)s and outcome = 'refused' and reason = %(reason)s::text
    and key_id is not distinct from %(key)s::bigint
