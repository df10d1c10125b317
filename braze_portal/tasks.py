"""Background jobs over all rooms."""

from procrastinate.contrib.django import app

from braze_portal import deleting

NAME = "braze_portal.go_on_deleting"


@app.periodic(cron="* * * * *")
# With the lock, one that takes longer than a minute takes one slot of the common queue, not all.
@app.task(queueing_lock=NAME, lock=NAME, pass_context=False)
def go_on_deleting(timestamp: int) -> None:
    """Delete the workspaces that are closed. ``timestamp`` is when it was due."""
    deleting.go_on()
