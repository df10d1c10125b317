"""What is done for cohorts and the ledger in the background."""

from procrastinate.contrib.django import app

from cohorts import clearing, ledger

CLEARING = "cohorts.go_on_clearing"


@app.periodic(cron="17 3 * * *")
@app.task(queueing_lock="cohorts.prune_ledger", pass_context=False)
def prune_ledger(timestamp: int) -> None:
    ledger.prune()


@app.periodic(cron="* * * * *")
# With the lock, one that takes longer than a minute takes one slot of the common queue, not all.
@app.task(queueing_lock=CLEARING, lock=CLEARING, pass_context=False)
def go_on_clearing(timestamp: int) -> None:
    """Empty the cohorts that are being cleared. ``timestamp`` is when it was due."""
    clearing.go_on()
