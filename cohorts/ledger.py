"""The trace of a call that was refused: the one thing that is left of it."""

from datetime import timedelta
from time import perf_counter
from typing import Any

from django.db.models import Q
from django.utils import timezone

from cohorts.callers import Caller
from cohorts.models import CohortImport, Outcome, Partner
from profiles.models import IDENTIFIER_BYTES

KEPT = timedelta(days=90)
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
    """Write that a call was refused. ``cohort_id`` is as it came, ``caller`` is who called."""
    return CohortImport.objects.create(
        workspace_id=caller.workspace_id if caller else None,
        partner=partner,
        key_id=caller.key_id if caller else None,
        call=call,
        cohort_identifier=_printable(cohort_id),
        duration_ms=round((perf_counter() - started) * 1000),
        outcome=Outcome.REFUSED,
        status=status,
        reason=reason[:500],
    )


def prune() -> int:
    """Delete the lines that have had their time, a batch at once; return how many went."""
    now = timezone.now()
    old = Q(received_at__lt=now - KEPT) | Q(
        workspace=None, received_at__lt=now - KEPT_WITHOUT_WORKSPACE
    )
    gone = 0
    while batch := list(CohortImport.objects.filter(old).values_list("pk", flat=True)[:BATCH]):
        gone += CohortImport.objects.filter(pk__in=batch).delete()[0]
    return gone


def _printable(value: Any) -> str:
    """Return as much of what was sent for an identifier as the column takes."""
    if not isinstance(value, str | int):
        return ""
    return str(value).replace("\0", "").encode(errors="replace").decode()[:IDENTIFIER_BYTES]
