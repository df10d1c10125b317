-- name: hurry
-- A job that waits for its time is due at once. The job library has no call for that.
update procrastinate_jobs set scheduled_at = null
where queueing_lock = %(lock)s and status = 'todo' and scheduled_at > now()
