"""Letting everybody leave a cohort: a small one at once, a large one by a job, in portions.

In one statement, a million rows would be held until the last is written, and the partner's calls
would be refused for as long.
"""

from contextlib import suppress

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from cohorts.models import Cohort
from lib.statements import Statements
from workspaces import audit
from workspaces.models import User

statements = Statements.beside(__file__)
TASK = "cohorts.tasks.go_on_clearing"
#: So many leave at once, and in each portion.
PORTION = 5_000


@transaction.atomic
def clear(cohort: Cohort, *, by: User) -> int | None:
    """Let everybody leave ``cohort``, on record.

    Returns how many left; None where they are so many that a job does it.
    """
    size = cohort.memberships.filter(active=True).count()
    detail = {"partner": cohort.partner.name, "cohort_id": cohort.cohort_id, "members": size}
    audit.record(cohort.workspace, by, "Cleared Cohort", cohort.name, **detail)
    if size <= PORTION:
        return cohort.clear(timezone.now())
    # Who enters from now on stays.
    Cohort.objects.filter(pk=cohort.pk).update(clearing_since=timezone.now())
    # A job that waits already empties this one too.
    with suppress(AlreadyEnqueued), transaction.atomic():
        app.configure_task(TASK).defer(timestamp=0)
    return None


def go_on() -> None:
    """Empty the cohorts that are being cleared, a portion and a transaction at a time.

    They take turns, so that a large one delays no small one. Whoever is stopped goes on at the next
    run; two at once do no harm.
    """
    left = list(Cohort.objects.filter(clearing_since__isnull=False))
    while left:
        left = [cohort for cohort in left if _some_leave(cohort)]


def _some_leave(cohort: Cohort) -> bool:
    """Let a portion leave; where nobody is left say that the cohort is cleared, return False."""
    values = {"cohort": cohort.pk, "since": cohort.clearing_since}
    if statements.count("let_leave", **values, portion=PORTION):
        return True
    Cohort.objects.filter(pk=cohort.pk, clearing_since=cohort.clearing_since).update(
        clearing_since=None
    )
    return False
