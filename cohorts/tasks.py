"""What is done for cohorts and the ledger in the background."""

from procrastinate.contrib.django import app

from cohorts import clearing, ledger


@app.periodic(cron="17 3 * * *")
@app.task(queueing_lock="cohorts.prune_ledger", pass_context=False)
def prune_ledger(timestamp: int) -> None:
    ledger.prune()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="cohorts.go_on_clearing", pass_context=False)
def go_on_clearing(timestamp: int) -> None:
    """Empty the cohorts that are being cleared. ``timestamp`` is when it was due."""
    clearing.go_on()
