"""The connectors of a workspace, their queues, and the events that wait for them."""

import uuid
from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from currents.types.base import label_of
from lib.wording import in_words
from workspaces.models import User, Workspace, WorkspaceQuerySet

#: The longest that events may wait for their batch to fill. Seconds.
MOST_FLUSH_SECONDS = 15 * 60


class ConnectorState(models.TextChoices):
    TEST = "test", _("Test")  # before its launch: only test events go out
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    FAILING = "failing", _("Failing")  # active, and its receiver takes nothing at present
    SUSPENDED = "suspended", _("Suspended")  # it failed for too long; an admin resumes it


#: The states in which events are sent, and those in which they are kept.
SENDING = (ConnectorState.ACTIVE, ConnectorState.FAILING)
LAUNCHED = (*SENDING, ConnectorState.PAUSED, ConnectorState.SUSPENDED)


class Transformation(models.TextChoices):
    """What becomes of a field before it leaves the house."""

    REMOVE = "remove", _("Remove")
    HASH = "hash", _("Hash")


class ConnectorQuerySet(WorkspaceQuerySet["Connector"]):
    def launched(self) -> Self:
        return self.filter(state__in=LAUNCHED)

    def sending(self) -> Self:
        return self.filter(state__in=SENDING)


class Connector(models.Model):
    """Where events of a workspace are streamed to, and how."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="connectors")
    name = models.CharField(_("name"), max_length=100)
    url = models.CharField(_("endpoint URL"), max_length=2048)
    # The bearer token under the data keys; empty without one.
    sealed_token = models.BinaryField(default=b"", editable=False)
    event_types = ArrayField(models.CharField(max_length=64), verbose_name=_("event types"))
    batch_size = models.PositiveSmallIntegerField(
        _("events in a batch"),
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
    )
    flush_seconds = models.PositiveSmallIntegerField(
        _("seconds until a batch is sent that is not full"),
        default=2,
        validators=[MaxValueValidator(MOST_FLUSH_SECONDS)],
    )
    gzip = models.BooleanField(_("compress with gzip"), default=False)
    # The transformation of each field that has one, by the field's name.
    transformations = models.JSONField(_("field transformations"), default=dict, blank=True)
    state = models.CharField(max_length=9, choices=ConnectorState, default=ConnectorState.TEST)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    launched_at = models.DateTimeField(null=True, editable=False)
    # When the admins were told of a trouble that is not over; one mail for each.
    credentials_told_at = models.DateTimeField(null=True, editable=False)
    lag_told_at = models.DateTimeField(null=True, editable=False)

    objects = ConnectorQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"],
                name="connector_name",
                violation_error_message=_("Another connector has this name."),
            )
        ]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("connector", args=[self.workspace.slug, self.pk])

    @property
    def address(self) -> str:
        """Its URL for everybody to see: what follows a question mark may be a secret."""
        shown, mark, _secret = self.url.partition("?")
        return f"{shown}?…" if mark else shown

    @property
    def is_sending(self) -> bool:
        return self.state in SENDING

    @property
    def is_launched(self) -> bool:
        return self.state in LAUNCHED

    def set_state(self, state: ConnectorState, *, only_from: tuple[ConnectorState, ...]) -> bool:
        """Go to ``state`` from one of ``only_from``; tell whether that is what happened."""
        mine = Connector.objects.filter(pk=self.pk, state__in=only_from)
        if not mine.update(state=state):
            return False
        self.state = state
        return True


class Trouble(models.TextChoices):
    """Why a queue does not get on."""

    CREDENTIALS = "credentials", _("The receiver does not accept the credentials")
    BUSY = "busy", _("The receiver does not take the events")


class Queue(models.Model):
    """The events of one type that a connector still has to send.

    They are those in the outbox behind its position, which is the transaction and the id of the
    last one that it is done with.
    """

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="queues")
    event_type = models.CharField(max_length=64)
    xid = models.BigIntegerField()
    event_id = models.BigIntegerField(default=0)
    # At most so many events in a batch, since the receiver found larger ones too large.
    batch_limit = models.PositiveSmallIntegerField(null=True)
    trouble = models.CharField(max_length=11, choices=Trouble, blank=True)
    # Of the trouble: since when, how many calls in a row, and when to try again.
    failing_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    delivered = models.BigIntegerField(default=0)
    # Refused by the receiver one by one, too large to be sent, and too old to be kept.
    refused = models.BigIntegerField(default=0)
    oversized = models.BigIntegerField(default=0)
    expired = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connector", "event_type"], name="queue_of_type")
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.connector_id}:{self.event_type}"

    @property
    def batch_size(self) -> int:
        most = self.connector.batch_size
        return most if self.batch_limit is None else min(most, self.batch_limit)

    def seconds_to_retry(self, now: datetime) -> float:
        """How long this queue has to hold still, 0 if it may send."""
        return 0 if self.retry_at is None else max((self.retry_at - now).total_seconds(), 0)


class OutboxEvent(models.Model):
    """An event that happened, as receivers will get it. Written in the transaction in which it
    happened, never changed, dropped by the day: ``currents.outbox`` and ``currents.partitions``.

    The table is partitioned by the day of ``at``.
    """

    id = models.BigAutoField(primary_key=True)
    # The transaction that wrote it: events are sent in the order of (xid, id).
    xid = models.BigIntegerField(editable=False)
    workspace_id = models.BigIntegerField()
    event_type = models.CharField(max_length=64, db_collation="C")
    at = models.DateTimeField()
    body = models.TextField()

    class Meta:
        indexes = [
            # With the time, so that a lag is read off the index.
            models.Index(
                fields=["workspace_id", "event_type", "xid", "id"],
                include=["at"],
                name="outbox_queue",
            )
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.pk}"


class DeliveryError(models.Model):
    """A call that did not go well, as the receiver answered it. Kept for a week."""

    connector = models.ForeignKey(
        Connector, on_delete=models.CASCADE, related_name="errors", db_index=False
    )
    event_type = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)
    # None where no answer came; then ``detail`` is a sentence that says why, for ``in_words``, else
    # how the body began.
    status = models.PositiveSmallIntegerField(null=True)
    detail = models.TextField(blank=True)
    events = models.PositiveIntegerField()
    dropped = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["connector", "-at"], name="delivery_error_newest")]
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.status or '-'} {self.event_type}"

    @property
    def label(self) -> str:
        return label_of(self.event_type)

    @property
    def said(self) -> str:
        """What the receiver said, or in the language of the reader why it said nothing."""
        return self.detail if self.status else in_words(self.detail)


class DeliveryHour(models.Model):
    """How much a connector delivered in one hour."""

    pk = models.CompositePrimaryKey("connector_id", "hour")
    connector = models.ForeignKey(
        Connector, on_delete=models.CASCADE, related_name="hours", db_index=False
    )
    hour = models.DateTimeField()
    events = models.BigIntegerField()
    batches = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}: {self.events}"
