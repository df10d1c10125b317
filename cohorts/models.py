"""Technology partners, the keys they call with, the cohorts they push, and the ledger of calls."""

from datetime import datetime
from typing import Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from profiles.changes import ChangedField
from profiles.models import IDENTIFIER_BYTES, Profile
from workspaces.models import User, Workspace, WorkspaceQuerySet

#: How many characters of its reason the line of a refused call keeps.
REASON_LENGTH = 500
#: Colours of the palette on which white letters can be read.
COLOURS = ("purple", "blue", "indigo", "pink", "red")


class Partner(models.Model):
    """A technology partner. Seeded by a migration; the same for every workspace."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=100)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def monogram(self) -> str:
        """Two letters that stand for the partner where a logo would."""
        return self.name[:2]

    @property
    def colour(self) -> str:
        return COLOURS[self.position % len(COLOURS)]


class SealedKey(models.Model):
    """A secret that is looked up by its digest and shown by deciphering it.

    ``digest`` is an HMAC-SHA256 in hex; ``ciphertext`` is a Fernet token. See ``cohorts.keys``.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    ciphertext = models.BinaryField(editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class PartnerApiKey(SealedKey):
    """Tells which partner is calling. Issued by the operator, the same for every workspace."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="api_keys")

    def __str__(self) -> str:
        return f"{self.partner} API key"


class DataImportKeyQuerySet(WorkspaceQuerySet["DataImportKey"]):
    def live(self) -> Self:
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), invalidated_at=None)


class DataImportKey(SealedKey):
    """The ``client_secret`` by which a partner names a workspace.

    Several may be live at once: a rotation generates a new one, hands it over, watches
    ``last_used_at`` move to it, and then invalidates the old one, now or at ``expires_at``.
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="data_import_keys"
    )
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="data_import_keys")
    name = models.CharField(_("name"), max_length=100)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    last_used_at = models.DateTimeField(null=True, editable=False)
    last_used_ip = models.GenericIPAddressField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True)
    invalidated_at = models.DateTimeField(null=True)

    objects = DataImportKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.name

    def is_live(self, now: datetime) -> bool:
        return self.invalidated_at is None and (self.expires_at is None or self.expires_at > now)

    def invalidate(self, now: datetime) -> bool:
        """End this key at once. Return False if it was not live, or changed since it was read."""
        return self._change_if_live(invalidated_at=now)

    def expire_at(self, moment: datetime | None) -> bool:
        """Let this key live until ``moment``, or without end for None.

        Return False if it was not live, or changed since it was read.
        """
        return self._change_if_live(expires_at=moment)

    def _change_if_live(self, **fields: datetime | None) -> bool:
        # Two admins may decide at once: only the one who saw the key as it still is has a say.
        seen = DataImportKey.objects.live().filter(pk=self.pk, expires_at=self.expires_at)
        changed = seen.update(**fields) == 1
        if changed:
            for name, value in fields.items():
                setattr(self, name, value)
        return changed


class CohortQuerySet(WorkspaceQuerySet["Cohort"]):
    def with_size(self) -> Self:
        """Add ``size``: how many people are in the cohort now."""
        members = CohortMembership.objects.filter(cohort=OuterRef("pk"), active=True)
        counted = members.order_by().values("cohort").annotate(size=Count("*"))
        return self.annotate(size=Coalesce(Subquery(counted.values("size")), 0))


class Cohort(models.Model):
    """A list of people that a partner keeps in step with its own."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="cohorts")
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="cohorts")
    cohort_id = models.CharField(max_length=IDENTIFIER_BYTES)
    name = models.CharField(max_length=1000)
    # When the partner made it, as it says; null until the first create call.
    created_at = models.DateTimeField(null=True)
    last_sync_at = models.DateTimeField(null=True)
    # While a job empties it: who entered before leaves.
    clearing_since = models.DateTimeField(null=True, editable=False)

    objects = CohortQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "partner", "cohort_id"], name="cohort_cohort_id"
            )
        ]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def clear(self, now: datetime) -> int:
        """Let everybody leave, in one statement; return how many there were."""
        # Rows are taken in the order in which imports take them, so that none waits for us in turn.
        members = self.memberships.filter(active=True).select_for_update().order_by("profile")
        leaving = self.memberships.filter(profile__in=members.values("profile"))
        return leaving.update(active=False, left_at=now)


class CohortMembership(models.Model):
    """That a person is, or was, in a cohort. One who leaves is kept with ``active`` false."""

    pk = models.CompositePrimaryKey("cohort_id", "profile_id")
    cohort = models.ForeignKey(
        Cohort, on_delete=models.CASCADE, related_name="memberships", db_index=False
    )
    profile = models.ForeignKey(
        Profile, on_delete=models.CASCADE, related_name="cohort_memberships"
    )
    active = models.BooleanField()
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    changed = ChangedField()

    class Meta:
        indexes = [
            models.Index(fields=["cohort", "changed"], name="membership_changed"),
            # Counts and gives members from the index alone: 4 ms instead of 11 for 50,000 of them.
            models.Index(
                fields=["cohort"],
                include=["profile"],
                condition=Q(active=True),
                name="membership_active",
            ),
            # Who entered or left lately, of a million memberships: 13 ms instead of 100, 5 of 138.
            models.Index(fields=["cohort", "entered_at"], name="membership_entered"),
            models.Index(
                fields=["cohort", "left_at"], condition=Q(active=False), name="membership_left"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cohort_id}:{self.profile_id}"


class Outcome(models.TextChoices):
    APPLIED = "applied", _("Applied")
    REFUSED = "refused", _("Refused")


class CohortImport(models.Model):
    """One call of a partner: the sync ledger.

    ``asked`` is the number of identifiers sent; the five counts after it add up to it.
    """

    workspace = models.ForeignKey(
        Workspace,
        null=True,
        on_delete=models.CASCADE,
        related_name="cohort_imports",
        db_index=False,
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, related_name="cohort_imports", db_index=False
    )
    cohort = models.ForeignKey(
        Cohort, null=True, on_delete=models.SET_NULL, related_name="imports", db_index=False
    )
    # As the partner sent it, also where no such cohort was made.
    cohort_identifier = models.CharField(max_length=IDENTIFIER_BYTES, blank=True)
    key = models.ForeignKey(
        DataImportKey,
        null=True,
        on_delete=models.SET_NULL,
        related_name="imports",
        db_index=False,
    )
    call = models.CharField(max_length=6, choices=[("cohort", _("Name")), ("users", _("Users"))])
    received_at = models.DateTimeField(auto_now_add=True)
    asked = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    unmatched = models.PositiveIntegerField(default=0)
    ignored = models.PositiveIntegerField(default=0)
    # Up to 100 of the identifiers that no profile has: [["user_ids", "x"], ...].
    unmatched_sample = models.JSONField(default=list)
    duration_ms = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.APPLIED)
    status = models.PositiveSmallIntegerField(default=201)
    reason = models.CharField(max_length=REASON_LENGTH, blank=True)
    # How many calls that were refused like this one within a minute have no line of their own.
    repeated = models.PositiveIntegerField(default=0, db_default=0)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    asked=F("added") + F("removed") + F("unchanged") + F("unmatched") + F("ignored")
                )
                | Q(outcome=Outcome.REFUSED),
                name="import_receipt_adds_up",
            )
        ]
        indexes = [
            # Each gives a page of the ledger in its order, of 10 million lines as of ten.
            models.Index(fields=["workspace", "partner", "-received_at"], name="import_by_time"),
            models.Index(fields=["workspace", "-received_at"], name="import_of_workspace"),
            models.Index(fields=["cohort", "-received_at"], name="import_of_cohort"),
            models.Index(fields=["key", "-received_at"], name="import_by_key"),
            # Few are refused where all is well.
            models.Index(
                fields=["workspace", "partner", "-received_at"],
                condition=Q(outcome="refused"),
                name="import_refused",
            ),
            # What is pruned.
            BrinIndex(fields=["received_at"], name="import_age"),
        ]
        ordering = ["-received_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.partner} {self.call} {self.cohort_identifier}"


class LedgerDay(models.Model):
    """The calls of a partner on one day in UTC, applied or refused, whose lines are gone."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="ledger_days", db_index=False
    )
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="ledger_days")
    day = models.DateField()
    outcome = models.CharField(max_length=8, choices=Outcome)
    calls = models.BigIntegerField()
    asked = models.BigIntegerField()
    added = models.BigIntegerField()
    removed = models.BigIntegerField()
    unchanged = models.BigIntegerField()
    unmatched = models.BigIntegerField()
    ignored = models.BigIntegerField()
    last_at = models.DateTimeField()

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "partner", "day", "outcome"], name="ledger_day_once"
            )
        ]
        ordering = ["-day", "outcome"]

    def __str__(self) -> str:
        return f"{self.partner} {self.day} {self.outcome}"
