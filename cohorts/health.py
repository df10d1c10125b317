"""How each partner is doing in a workspace: connected or not, in step, or silent for too long."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cohorts.models import CohortImport, DataImportKey, LedgerDay, Outcome, Partner, PartnerApiKey
from workspaces.models import Workspace

#: How long a connected partner may say nothing before it counts as stale. One that is known to
#: call less often is given twice its own pause.
PATIENCE = timedelta(days=3)
#: Calls closer together than this belong to one sync.
SAME_SYNC = timedelta(hours=12)
RECENTLY = timedelta(days=1)


class State(models.TextChoices):
    NOT_CONNECTED = "not_connected", _("Not connected")
    CONNECTED = "connected", _("Connected")
    ACTIVE = "active", _("Active")
    STALE = "stale", _("Stale")


@dataclass(frozen=True)
class Health:
    """What is known of ``partner`` in one workspace, at the moment of asking."""

    partner: Partner
    state: State
    live_keys: int
    last_sync_at: datetime | None
    #: How long it may stay silent.
    patience: timedelta
    #: Calls refused in the last day.
    refused: int
    #: Whether the operator has issued it the key by which it says who it is.
    has_api_key: bool

    @property
    def patience_days(self) -> int:
        return self.patience.days


def partner_health(workspace: Workspace, partners: QuerySet[Partner]) -> list[Health]:
    now = timezone.now()
    return [_judge(row, now) for row in _measured(workspace, partners, now)]


def _measured(workspace: Workspace, partners: QuerySet[Partner], now: datetime) -> QuerySet[Any]:
    days = LedgerDay.objects.in_workspace(workspace).filter(partner=OuterRef("pk"))
    calls = CohortImport.objects.in_workspace(workspace).filter(partner=OuterRef("pk"))
    applied = calls.filter(outcome=Outcome.APPLIED).order_by("-received_at").values("received_at")
    # Lines of long ago are totals of their day.
    long_ago = days.filter(outcome=Outcome.APPLIED).order_by("-day").values("last_at")
    refused = calls.filter(outcome=Outcome.REFUSED, received_at__gt=now - RECENTLY)
    live_keys = DataImportKey.objects.in_workspace(workspace).live().filter(partner=OuterRef("pk"))
    measured = partners.annotate(
        live_keys=_in_all(live_keys, Count("pk")),
        refused=_in_all(refused, Count("pk") + Sum("repeated")),
        last_sync_at=Coalesce(Subquery(applied[:1]), Subquery(long_ago[:1])),
        has_api_key=Exists(PartnerApiKey.objects.filter(partner=OuterRef("pk"))),
    )
    before = OuterRef("last_sync_at") - SAME_SYNC
    earlier = Coalesce(
        Subquery(applied.filter(received_at__lt=before)[:1]),
        Subquery(long_ago.filter(last_at__lt=before)[:1]),
    )
    return measured.annotate(earlier_sync_at=earlier).order_by(F("position"), "name")


def _in_all(rows: QuerySet[Any], number: Any) -> Coalesce:
    grouped = rows.order_by().values("partner").annotate(number=number)
    return Coalesce(Subquery(grouped.values("number")), 0)


def _judge(row: Any, now: datetime) -> Health:
    pause = row.last_sync_at - row.earlier_sync_at if row.earlier_sync_at else timedelta(0)
    patience = max(PATIENCE, 2 * pause)
    return Health(
        partner=row,
        state=_state(row, now - patience),
        live_keys=row.live_keys,
        last_sync_at=row.last_sync_at,
        patience=patience,
        refused=row.refused,
        has_api_key=row.has_api_key,
    )


def _state(row: Any, stale_before: datetime) -> State:
    if not row.live_keys:
        return State.NOT_CONNECTED
    if row.last_sync_at is None:
        return State.CONNECTED
    return State.STALE if row.last_sync_at < stale_before else State.ACTIVE
