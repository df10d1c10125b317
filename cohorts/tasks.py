"""What is done for the ledger by night."""

from procrastinate.contrib.django import app

from cohorts import ledger


@app.periodic(cron="17 3 * * *")
@app.task(queueing_lock="cohorts.prune_ledger", pass_context=False)
def prune_ledger(timestamp: int) -> None:
    ledger.prune()
