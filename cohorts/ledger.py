"""The lines of the ledger that imports do not write, and what becomes of lines with time."""

from datetime import timedelta
from time import perf_counter
from typing import Any

from django.utils import timezone

from cohorts.callers import Caller
from cohorts.models import CohortImport, LedgerDay, Outcome, Partner
from lib.statements import Statements
from profiles.models import IDENTIFIER_BYTES

statements = Statements.beside(__file__)
#: After that, lines are totals of a day; and the totals go when they are older than ``DAYS_KEPT``.
KEPT = timedelta(days=14)
DAYS_KEPT = timedelta(days=400)
KEPT_WITHOUT_WORKSPACE = timedelta(days=7)
BATCH = 10_000


def enter_refused(
    partner: Partner,
    caller: Caller | None,
    *,
    call: str,
    cohort_id: Any,
    status: int,
    reason: str,
    started: float,
) -> CohortImport:
    """Write that a call was refused. ``cohort_id`` is as it came, ``caller`` is who called.

    ``reason`` has ``REASON_LENGTH`` characters at most.
    """
    return CohortImport.objects.create(
        workspace_id=caller.workspace_id if caller else None,
        partner=partner,
        key_id=caller.key_id if caller else None,
        call=call,
        cohort_identifier=_printable(cohort_id),
        duration_ms=round((perf_counter() - started) * 1000),
        outcome=Outcome.REFUSED,
        status=status,
        reason=reason,
    )


def prune() -> int:
    """Sum up by day the lines that have had their time, some at once; return how many went.

    Each portion is a transaction of its own: whoever is stopped goes on at the next run.
    """
    now = timezone.now()
    LedgerDay.objects.filter(day__lt=(now - DAYS_KEPT).date()).delete()
    bounds = {"before": now - KEPT, "unowned_before": now - KEPT_WITHOUT_WORKSPACE}
    gone = 0
    while portion := statements.one("fold", **bounds, batch=BATCH)[0]:
        gone += portion
    return gone


def _printable(value: Any) -> str:
    """Return as much of what was sent for an identifier as the column takes."""
    if not isinstance(value, str | int):
        return ""
    return str(value).replace("\0", "").encode(errors="replace").decode()[:IDENTIFIER_BYTES]
