"""People: the identifiers by which they are known and what is known of them."""

import secrets
import uuid
from typing import Self

from django.db import models
from django.db.models.functions import Cast, Floor, Now, Random
from django.utils.translation import gettext_lazy as _

from profiles.changes import ChangedField, OldestRunning
from workspaces.models import User, Workspace, WorkspaceQuerySet

#: Longest identifier, in bytes: what a unique index of PostgreSQL and Braze's own limit allow.
IDENTIFIER_BYTES = 997
RANDOM_BUCKETS = 10_000


def new_braze_id() -> str:
    """Return a fresh 24-digit hexadecimal id."""
    return secrets.token_hex(12)


class Subscription(models.TextChoices):
    OPTED_IN = "opted_in", _("Opted in")
    SUBSCRIBED = "subscribed", _("Subscribed")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")


class Gender(models.TextChoices):
    MALE = "M", _("Male")
    FEMALE = "F", _("Female")
    OTHER = "O", _("Other")
    NOT_APPLICABLE = "N", _("Not applicable")
    PREFER_NOT_TO_SAY = "P", _("Prefer not to say")


class ProfileQuerySet(WorkspaceQuerySet["Profile"]):
    def identified(self) -> Self:
        return self.filter(external_id__isnull=False)

    def anonymous(self) -> Self:
        return self.filter(external_id__isnull=True)


class Profile(models.Model):
    """One person. Identified with an ``external_id``, anonymous without."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="profiles", db_index=False
    )
    # Columns of fixed width come first, then those that filters read most: PostgreSQL walks a row
    # from its start, and a scan of a million people feels every column before the one it wants.
    created_at = models.DateTimeField(auto_now_add=True)
    changed = ChangedField()
    random_bucket = models.SmallIntegerField(
        db_default=Cast(Floor(Random() * RANDOM_BUCKETS), models.SmallIntegerField())
    )
    custom = models.JSONField(default=dict, blank=True)
    country = models.CharField(max_length=2, blank=True)
    language = models.CharField(max_length=2, blank=True)
    email_subscribe = models.CharField(
        max_length=12, choices=Subscription, default=Subscription.SUBSCRIBED
    )
    push_subscribe = models.CharField(
        max_length=12, choices=Subscription, default=Subscription.SUBSCRIBED
    )
    gender = models.CharField(max_length=1, choices=Gender, blank=True)
    email = models.CharField(max_length=320, blank=True)
    home_city = models.CharField(max_length=255, blank=True)
    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    braze_id = models.CharField(max_length=24, default=new_braze_id, editable=False)
    external_id = models.CharField(  # noqa: DJ001  null is what makes a person anonymous
        max_length=IDENTIFIER_BYTES, null=True, blank=True
    )
    dob = models.DateField(null=True, blank=True)
    email_hard_bounced_at = models.DateTimeField(null=True, blank=True)
    email_marked_spam_at = models.DateTimeField(null=True, blank=True)
    # When the present state of a subscription began, where somebody changed it.
    email_subscribe_at = models.DateTimeField(null=True, blank=True)
    push_subscribe_at = models.DateTimeField(null=True, blank=True)
    image_url = models.CharField(max_length=2048, blank=True, db_default="", default="")
    # Where a person was last: degrees.
    longitude = models.FloatField(null=True, blank=True)
    latitude = models.FloatField(null=True, blank=True)

    objects = ProfileQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "external_id"], include=["id"], name="profile_external_id"
            ),
            models.UniqueConstraint(fields=["workspace", "braze_id"], name="profile_braze_id"),
            # The bitmaps of audiences hold ids of 32 bits, sent by PostgreSQL as int4.
            models.CheckConstraint(
                condition=models.Q(id__lt=2**31), name="profile_id_fits_a_bitmap"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "changed"], name="profile_changed"),
            models.Index(
                fields=["workspace", "random_bucket"], include=["id"], name="profile_random_bucket"
            ),
            # To find one person among millions by what is often not there.
            models.Index(
                fields=["workspace", "email"], condition=~models.Q(email=""), name="profile_email"
            ),
            models.Index(
                fields=["workspace", "phone"], condition=~models.Q(phone=""), name="profile_phone"
            ),
        ]

    def __str__(self) -> str:
        return self.external_id or self.braze_id

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Alias(models.Model):
    """A second name of a person: a label and a name, unique together in the workspace."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="aliases")
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    label = models.CharField(max_length=IDENTIFIER_BYTES)
    name = models.CharField(max_length=IDENTIFIER_BYTES)
    changed = ChangedField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "label", "name"], include=["profile"], name="alias_label_name"
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "changed"], include=["profile"], name="alias_changed")
        ]

    def __str__(self) -> str:
        return f"{self.label}:{self.name}"


class FormerExternalId(models.Model):
    """An external id that was renamed. It goes on naming the person until it is removed."""

    profile = models.ForeignKey(
        Profile, on_delete=models.CASCADE, related_name="former_external_ids"
    )
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    external_id = models.CharField(max_length=IDENTIFIER_BYTES)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "external_id"],
                include=["profile"],
                name="former_external_id",
            )
        ]

    def __str__(self) -> str:
        return self.external_id


class Device(models.Model):
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="devices")
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    device_id = models.CharField(max_length=IDENTIFIER_BYTES)
    changed = ChangedField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "device_id"], include=["profile"], name="device_device_id"
            )
        ]
        indexes = [
            models.Index(
                fields=["workspace", "changed"], include=["profile"], name="device_changed"
            )
        ]

    def __str__(self) -> str:
        return self.device_id


class PushToken(models.Model):
    """By which an app reaches a device of a person."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="push_tokens")
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    app_id = models.CharField(max_length=255)
    token = models.CharField(max_length=1024)
    device_id = models.CharField(max_length=IDENTIFIER_BYTES, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "app_id", "token"], name="push_token")
        ]

    def __str__(self) -> str:
        return self.token


class Merge(models.Model):
    """That one person became part of another. Rooms that keep rows of their own about people move
    them by a trigger on this table, in the same transaction. Kept as long as traces are.
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    # Not a reference: the profile is gone by the end of the transaction.
    merged_id = models.BigIntegerField()
    kept = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="merges")
    at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return f"{self.merged_id} → {self.kept_id}"


class Trace(models.Model):
    """What is left of a deleted profile, or of a deleted row about one, so that audiences look at
    that person again. Written by triggers; kept for ``profiles.changes.TRACES_KEPT``.
    """

    profile_id = models.BigIntegerField(primary_key=True)
    workspace_id = models.BigIntegerField()
    at = models.DateTimeField(db_default=Now())
    changed = ChangedField()

    class Meta:
        indexes = [
            models.Index(fields=["workspace_id", "changed"], name="trace_changed"),
            models.Index(fields=["at"], name="trace_at"),
        ]

    def __str__(self) -> str:
        return str(self.profile_id)


class Tick(models.Model):
    """Which transactions were over at a moment: by it a row's mark tells when it was written.
    See ``profiles.clock``.
    """

    at = models.DateTimeField(primary_key=True, db_default=Now())
    # All transactions below this one.
    over = ChangedField(db_default=OldestRunning())

    def __str__(self) -> str:
        return f"{self.at}: {self.over}"


class EventKind(models.TextChoices):
    """What ``Event.name`` names: a custom event, a product that was bought, an app."""

    CUSTOM = "custom", _("Custom event")
    PURCHASE = "purchase", _("Purchase")
    SESSION = "session", _("Session")


class Event(models.Model):
    """Something that a person did at a time."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=8, choices=EventKind)
    name = models.CharField(max_length=255)
    time = models.DateTimeField()
    # In which app, as the caller names it; of a session ``name`` is the app.
    app_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    # Of a purchase: the money spent, in US dollars.
    amount = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    properties = models.JSONField(default=dict, blank=True)
    changed = ChangedField()

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace", "kind", "name", "time"], include=["profile"], name="event_time"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class EventTotal(models.Model):
    """All that a person ever did of one kind and name: how often, since when, for how much.

    Kept by triggers on ``Event``: a filter over all time need not read the events, and every filter
    over events finds here whose were written since.
    """

    pk = models.CompositePrimaryKey("profile_id", "kind", "name")
    profile = models.ForeignKey(
        Profile, on_delete=models.CASCADE, related_name="event_totals", db_index=False
    )
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=8, choices=EventKind)
    name = models.CharField(max_length=255)
    count = models.BigIntegerField()
    spent = models.DecimalField(max_digits=24, decimal_places=4, default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    changed = ChangedField()

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace", "kind", "name"],
                include=["profile", "count"],
                name="event_total_name",
            ),
            models.Index(
                fields=["workspace", "changed"], include=["profile"], name="event_total_changed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.count}"


class EventName(models.Model):
    """A custom event, product or app that a workspace has seen. Kept by the same trigger."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="event_names", db_index=False
    )
    kind = models.CharField(max_length=8, choices=EventKind)
    name = models.CharField(max_length=255)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "kind", "name"], name="event_name")
        ]
        ordering = ["kind", "name"]

    def __str__(self) -> str:
        return self.name


class AttributeType(models.TextChoices):
    """The types of custom attributes, as Braze names them."""

    BOOLEAN = "boolean", _("Boolean")
    NUMBER = "number", _("Number")
    STRING = "string", _("String")
    ARRAY = "array", _("Array")
    TIME = "time", _("Time")
    OBJECT = "object", _("Object")


class CustomAttribute(models.Model):
    """A custom attribute that people of a workspace carry in ``Profile.custom``.

    Times are kept there as ISO-8601 text in UTC (``2026-11-23T18:06:00Z``), so that text order
    is time order.
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="custom_attributes", db_index=False
    )
    name = models.CharField(max_length=255)
    type = models.CharField(max_length=8, choices=AttributeType)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="custom_attribute_name")
        ]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class GroupChannel(models.TextChoices):
    EMAIL = "email", _("Email")
    SMS = "sms", _("SMS")
    WHATSAPP = "whatsapp", _("WhatsApp")


class SubscriptionGroup(models.Model):
    """A newsletter, or another kind of message, which people join and leave by itself."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="subscription_groups"
    )
    name = models.CharField(_("name"), max_length=100)
    description = models.TextField(_("description"), blank=True)
    channel = models.CharField(_("channel"), max_length=8, choices=GroupChannel)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"],
                name="subscription_group_name",
                violation_error_message=_("Another subscription group has this name."),
            )
        ]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class GroupSubscription(models.Model):
    """Whether a person is subscribed to a group. No row: they were never asked."""

    pk = models.CompositePrimaryKey("group_id", "profile_id")
    group = models.ForeignKey(
        SubscriptionGroup, on_delete=models.CASCADE, related_name="subscriptions", db_index=False
    )
    profile = models.ForeignKey(
        Profile, on_delete=models.CASCADE, related_name="group_subscriptions"
    )
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    subscribed = models.BooleanField()
    at = models.DateTimeField(db_default=Now())
    changed = ChangedField()

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace", "changed"], include=["profile"], name="subscription_changed"
            )
        ]

    def __str__(self) -> str:
        return f"{self.group_id}: {self.subscribed}"


class AddressState(models.Model):
    """The e-mail subscription that was said of an address which nobody had. Whoever gets the
    address has it too, by a trigger on ``Profile``, unless something else is said with it.
    """

    pk = models.CompositePrimaryKey("workspace_id", "email")
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    # In lower case, as ``Profile.email``.
    email = models.CharField(max_length=320)
    state = models.CharField(max_length=12, choices=Subscription)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.email}: {self.state}"


class ImportState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    CHECKING = "checking", _("Checking")
    CHECKED = "checked", _("Checked")
    IMPORTING = "importing", _("Importing")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class CsvImport(models.Model):
    """A file of people that a member uploaded, and the receipt of its rows. See
    ``profiles.csv_import.imports``.

    The counts are those of the last run, first a check, then the import itself: ``position`` is how
    many rows it has dealt with, and the four kinds add up to that.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="csv_imports")
    file_name = models.CharField(max_length=255)
    header = models.JSONField(default=list)
    # What each column holds, as ``csv_import.columns.Column`` dumps it; empty until chosen.
    columns = models.JSONField(default=list)
    state = models.CharField(max_length=9, choices=ImportState, default=ImportState.DRAFT)
    reason = models.TextField(blank=True)
    total = models.PositiveIntegerField(null=True)
    position = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    # How much of the file of rejected rows is of committed chunks.
    rejected_bytes = models.PositiveBigIntegerField(default=0)
    uploaded_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # When its files are dropped.
    expires_at = models.DateTimeField(db_index=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["-uploaded_at", "-pk"]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_under_way(self) -> bool:
        return self.state in {ImportState.CHECKING, ImportState.IMPORTING}
