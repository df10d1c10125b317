"""Jobs whose worker was killed: another worker takes them up again, a bounded number of times.

A killed worker leaves its jobs behind as if they were being done. Such a job keeps its ``lock``, so
no other job with that lock would ever begin.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from procrastinate import BaseRetryStrategy, RetryDecision, RetryStrategy
from procrastinate.contrib.django import app

from lib.statements import Statements
from lib.transactions import is_away, is_locked

statements = Statements.beside(__file__)
logger = logging.getLogger(__name__)

#: A worker that says nothing for so long is dead; it speaks every ten seconds.
SILENT = timedelta(minutes=1)
#: How often a job is started that kills its worker each time, the first time included.
STARTS = 5
#: How long after the database was away, or locked, a job begins again.
AGAIN_SECONDS = 10


@dataclass(frozen=True)
class Restarts(BaseRetryStrategy):
    """For ``retry`` of a task: its jobs are started ``starts`` times at most where their worker is
    killed, or where the database was away or locked for too long. A job that fails by itself
    otherwise is not tried again.
    """

    starts: int

    def get_retry_decision(self, *, exception: BaseException, job: Any) -> RetryDecision | None:
        passes = is_away(exception) or is_locked(exception)
        if not passes or job.attempts + 1 >= self.starts:
            return None
        return RetryDecision(retry_in={"seconds": AGAIN_SECONDS})


def take_up(task: str | None = None) -> int:
    """Have the jobs of killed workers done by others; those of ``task`` alone, if one is named.

    A job that was started often enough ends as failed: it may be what kills the workers. So does
    one that has a twin waiting, with the same ``queueing_lock``: that one does its work. Returns
    how many jobs will be done again.
    """
    again = 0
    with transaction.atomic():
        for job, name, attempts in statements.rows("stalled", task=task, silent=SILENT):
            starts = starts_of(name)
            if attempts + 1 >= starts:
                logger.error("%s (job %s) was given up: %s workers died of it", name, job, starts)
                statements.ask("give_up", job=job)
                continue
            try:
                with transaction.atomic():
                    statements.ask("again", job=job)
            except IntegrityError:
                statements.ask("give_up", job=job)
            else:
                again += 1
                logger.warning("%s (job %s) is started again: its worker died", name, job)
    return again


def starts_of(task: str) -> int:
    """Return how often a job of ``task`` is started at most where its worker is killed."""
    known = app.tasks.get(task)
    match known and known.retry_strategy:
        case Restarts(starts):
            return starts
        case RetryStrategy(max_attempts=int(most)):
            return most
        case _:
            return STARTS


def drop_finished(hours: int) -> None:
    """Drop the jobs that came to their end, however, more than ``hours`` hours ago."""
    statements.ask("drop_finished", kept=timedelta(hours=hours))
