"""What is looked after every few seconds, minute and hour, whatever happens elsewhere."""

import logging
from datetime import datetime, timedelta

from django.utils import timezone

from currents import alerts, outbox, partitions, restoring, waking
from currents.models import (
    SENDING,
    Connector,
    ConnectorState,
    DeliveryError,
    DeliveryHour,
    Queue,
    Trouble,
)
from lib.statements import Statements

statements = Statements.beside(__file__)
logger = logging.getLogger(__name__)

#: A connector whose credentials are not accepted for so long is suspended, as with Braze.
CREDENTIALS_FOR = timedelta(hours=48)
#: One whose receiver takes nothing at all for so long is suspended too.
BUSY_FOR = partitions.KEPT
#: Admins are told of events that wait for longer.
LAG_SECONDS = 60 * 60
#: How long the errors and the numbers of a connector are shown.
ERRORS_KEPT = timedelta(days=7)
HOURS_KEPT = timedelta(days=30)


def wake_all() -> None:
    waiting = [queue for (queue,) in statements.rows("waiting")]
    for queue in waiting:
        waking.hurry(queue)


def look_after_connectors() -> None:
    """Suspend the connectors that have failed for too long, and tell admins of those that lag."""
    restoring.settle_in()
    now = timezone.now()
    for connector in Connector.objects.sending().select_related("workspace"):
        queues = list(connector.queues.select_related("connector"))
        if any(_is_over(queue, now) for queue in queues):
            suspend(connector)
        else:
            _watch_lag(connector, queues)


def suspend(connector: Connector) -> None:
    if connector.set_state(ConnectorState.SUSPENDED, only_from=SENDING):
        logger.warning("connector %s was suspended", connector.pk)
        alerts.suspended(connector)


def clean_up() -> None:
    now = timezone.now()
    partitions.make_ahead()
    partitions.drop_old(now)
    DeliveryError.objects.filter(at__lt=now - ERRORS_KEPT).delete()
    DeliveryHour.objects.filter(hour__lt=now - HOURS_KEPT).delete()


def _is_over(queue: Queue, now: datetime) -> bool:
    patience = CREDENTIALS_FOR if queue.trouble == Trouble.CREDENTIALS else BUSY_FOR
    return queue.failing_since is not None and queue.failing_since < now - patience


def _watch_lag(connector: Connector, queues: list[Queue]) -> None:
    longest = max((outbox.waited(queue) or 0 for queue in queues), default=0)
    if longest >= LAG_SECONDS:
        alerts.lags(connector, minutes=int(longest // 60))
    elif connector.lag_told_at:
        Connector.objects.filter(pk=connector.pk).update(lag_told_at=None)
